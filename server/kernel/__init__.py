"""What every floor stands on: errors, ids, time, sealing, strict YAML. It knows nobody above."""
