"""The chain of evidence: pure, usable offline on exported rows."""
