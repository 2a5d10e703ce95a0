// Names, ranks and letters on the map: the first that have room, none over another.

const BADGE_PX = 26;
const LABEL_LEAST_PX = 30;
const LABEL_EM_PX = 14;

export class Labels {
  #map;
  #names = [];
  #badges = [];
  #letters = [];
  #suspects = () => [];

  constructor(map) {
    this.#map = map;
    map.on("zoomend", () => this.place());
  }

  /** Take names of areas: [{marker, group, text, bbox}]. */
  names(all) {
    this.#names = all.map(({ text, ...rest }) => ({ ...rest, width: text.length * LABEL_EM_PX }));
    this.place();
  }

  /** Take the ranks of gaps: [{marker, group}]. */
  badges(all) {
    this.#badges = all.map((one) => ({ ...one, width: BADGE_PX, bbox: null }));
    this.place();
  }

  /** Take the letters of parcels: [{marker, group}], and what gives the pixels of suspected patches. */
  letters(all, suspects) {
    this.#letters = all;
    this.#suspects = suspects;
    this.placeLetters();
  }

  place() {
    const taken = [];
    for (const { marker, group, width, bbox } of [...this.#names, ...this.#badges]) {
      const { x, y } = this.#map.latLngToContainerPoint(marker.getLatLng());
      const top = bbox ? y - BADGE_PX : y;
      const mine = { left: x - width / 2, right: x + width / 2, top, bottom: top + BADGE_PX };
      if (this.#hasRoom(bbox) && !taken.some((other) => overlap(mine, other))) {
        taken.push(mine);
        marker.addTo(group);
      } else {
        marker.removeFrom(group);
      }
    }
    this.placeLetters();
  }

  /** Hide a parcel's L behind a suspected patch: that patch would read as licensed. */
  placeLetters() {
    const suspects = this.#suspects();
    for (const { marker, group } of this.#letters) {
      const mine = this.#map.latLngToContainerPoint(marker.getLatLng());
      if (suspects.some((other) => mine.distanceTo(other) < BADGE_PX)) marker.removeFrom(group);
      else marker.addTo(group);
    }
  }

  #hasRoom(bbox) {
    if (!bbox) return true;
    const [west, south, east, north] = bbox;
    const a = this.#map.latLngToContainerPoint([south, west]);
    const b = this.#map.latLngToContainerPoint([north, east]);
    return b.x - a.x >= LABEL_LEAST_PX && a.y - b.y >= LABEL_LEAST_PX / 2;
  }
}

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
