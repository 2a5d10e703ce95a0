"""The sample county: everything a first campaign needs, made up, seeded and marked as simulated.

``generate(folder)`` writes areas, units, zones, patrol tracks, drone orthomosaics, outlines of what
others flew, landmarks, seeded trials, heights, a base map and, apart from those, the truth. Nothing in it is a real place, person, office or finding.
"""

from sample_data.county import FULL, SMALL, CountySize, generate
from sample_data.manifest import Manifest, SampleFile

__all__ = ["FULL", "SMALL", "CountySize", "Manifest", "SampleFile", "generate"]
