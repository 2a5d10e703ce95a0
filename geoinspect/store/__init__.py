"""Where records live: one database, one folder of raw files, one hash chain of what was done.

:mod:`workspace` opens all three; the modules of nouns (``grounds``, ``looks``, ``people``)
hold the named questions that the rest of the program may ask.
"""
