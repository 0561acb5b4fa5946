package demo

var (
	companies = []string{
		"Acme Logistics", "Bergmann & Söhne", "Contoso Health", "Dupont Frères", "Evergreen Foods",
		"Fjord Energy", "Globex", "Harbour Insurance", "Initech", "Jade Robotics", "Kestrel Media",
		"Lakeside Dental", "Meridian Bank", "Nimbus Cloud", "Oakfield Schools", "Pioneer Paper",
		"Quantum Optics", "Rivera Construction", "Sunrise Hotels", "Tailspin Toys", "Umbra Security",
		"Vandelay Imports", "Wingtip Airlines", "Xenon Lighting", "Yamato Trading", "Zephyr Bikes",
	}
	first = []string{
		"Aisha", "Benoît", "Carla", "Dmitri", "Elif", "Farid", "Grace", "Hiroshi", "Ingrid", "João",
		"Katarzyna", "Liam", "Mei", "Nadia", "Oskar", "Priya", "Quentin", "Renée", "Sofía", "Tomás",
	}
	last = []string{
		"Almeida", "Brown", "Costa", "Dubois", "Eriksson", "Fischer", "García", "Haddad", "Ivanova",
		"Jensen", "Kowalski", "Larsen", "Müller", "Nakamura", "O'Brien", "Patel", "Rossi", "Schmidt",
	}
	calls = []string{
		"Discovery call", "Demo", "Pricing discussion", "Quarterly review", "Onboarding kick-off",
		"Renewal call", "Security questionnaire", "Negotiation", "Follow-up", "Technical deep dive",
	}
	deals = []string{"New business", "Renewal 2026", "Expansion", "Pilot", "Multi-year", "Add-on seats"}
)

func (b *builder) person() string { return pick(b.r, first) + " " + pick(b.r, last) }

// title names a recording.
func (b *builder) title() string {
	return pick(b.r, calls) + " with " + pick(b.r, companies)
}

// entityName names a CRM row.
func (b *builder) entityName(dataType string) string {
	switch dataType {
	case "ACCOUNT":
		return pick(b.r, companies)
	case "CONTACT", "LEAD":
		return b.person()
	case "OPPORTUNITY":
		return pick(b.r, companies) + ": " + pick(b.r, deals)
	}
	return pick(b.r, calls) + ", " + b.person()
}
