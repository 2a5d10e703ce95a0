"""Which ground was looked at, how well, and what nobody has seen.

``ground`` is the campaign's cells, ``bits`` draws on them, ``looks`` is what one source saw,
``cells`` joins looks into states, ``sums`` adds states up by area, ``gaps`` lists what is left,
``measure`` does all of it for files alone.
"""
