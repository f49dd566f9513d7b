"""Consents: texts, canonical documents, signers by age, packages, confirmations; all pure."""
