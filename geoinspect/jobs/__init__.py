"""Work in the background: what the tasks are, the worker, and the bounds of its children.

store/jobs (rows, leases) → worker (claims, beats, stops) → child (bounds) → tasks → a result
"""
