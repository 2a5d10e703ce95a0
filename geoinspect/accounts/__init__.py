"""Accounts: what a password must be, how long a session lives, and changes to people, with their audit rows."""
