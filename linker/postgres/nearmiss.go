package postgres

// nearMisses says of ids that were not found what they nearly are. It looks
// once at the failed rows only, all of them together.
func (p *planner) nearMisses() {
	if p.count("entity_not_found") > 0 {
		p.do("looking for near misses of CRM ids", "near_entities")
	}
	if p.count("recording_not_found") > 0 {
		p.do("looking for near misses of recording ids", "near_recordings", orNull(p.x.opt.Rules.Organization))
	}
}
