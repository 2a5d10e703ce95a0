"""How sure one may be when nothing is found: from searched cells to a claim, and what it would take.

``absence`` is the published proof-of-absence method, ``draws`` its interval under uncertain
inputs, ``needed`` the least effort that reaches a target, ``trials`` and ``crosschecks`` where
the inputs come from. All of it is a model's number (docs/decisions/0015).
"""
