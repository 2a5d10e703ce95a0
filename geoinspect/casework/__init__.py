"""Cases, sites and tips in a workspace: every change with the audit row that tells of it."""
