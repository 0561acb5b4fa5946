-- Leaves links whose recording stands somewhere in the file: it does not prove
-- that the recording is not meant. An id that cannot be looked for, since it has
-- no letter or digit of ASCII, is left as well.
UPDATE run.extras
SET protected = 'left alone: the file names this recording outside of recordingId'
WHERE protected IS NULL AND NOT done
    AND ({{mentionKey "recording_id"}} = '' OR {{mentionKey "recording_id"}} IN (SELECT key FROM run.mentioned))
