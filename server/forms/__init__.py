"""Forms: field types, both doors of answers, compiled pages; all pure, without Flask."""
