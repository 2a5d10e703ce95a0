"""What a commander has ninety seconds for: a few figures of an area, each with its target, what it
was yesterday and the day of its data; the areas below it ranked; what happened; two weeks of days.
"""
