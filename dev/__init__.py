"""What developers run: the generated docs, the catalogues, the rules of the house, the pictures."""
