// Runs before the other scripts of the map: asks what the map shows first while they are still coming.

import { askEarly } from "./asked_early.js";
import * as place from "./place.js";

askEarly("overview", place.overviewOf(place.read().area));
for (const path of ["shapes", "surveys", "zones"]) askEarly(path);
