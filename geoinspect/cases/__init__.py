"""The life of a case, and what its evidence is worth: tables, counts and checks without a store."""
