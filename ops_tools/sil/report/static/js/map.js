// The spacecraft on the map follows the cursor of the plots, and the pointer on the map moves that cursor.

const REACH = 14;

// Where the spacecraft is at a time, in the units of the map; between samples along a straight line.
function positionAt(at, scale) {
  const { time, latitude, longitude } = page.track;
  const index = Math.min(Math.max(lastAtOrBelow(time, at), 0), time.length - 1);
  const next = Math.min(index + 1, time.length - 1);
  if (latitude[index] === null || latitude[next] === null) return null;
  const share = next > index ? Math.min(Math.max((at - time[index]) / (time[next] - time[index]), 0), 1) : 0;
  let east = longitude[next] - longitude[index];
  if (east > 180) east -= 360;
  if (east < -180) east += 360;
  const lon = ((longitude[index] + share * east + 540) % 360) - 180;
  const lat = latitude[index] + share * (latitude[next] - latitude[index]);
  return [(lon + 180) * scale, (90 - lat) * scale];
}

function startMap() {
  const map = document.getElementById('map');
  if (!map || !page.track) return;
  const marker = document.getElementById('map-cursor');
  const scale = map.viewBox.baseVal.width / 360;

  followers.push((at) => {
    const place = at === null ? null : positionAt(at, scale);
    marker.setAttribute('visibility', place ? 'visible' : 'hidden');
    if (place) marker.setAttribute('transform', `translate(${place[0].toFixed(1)} ${place[1].toFixed(1)})`);
  });

  map.addEventListener('pointermove', (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    let closest = null;
    let distance = REACH;
    for (const at of page.track.time) {
      const place = positionAt(at, scale);
      if (!place) continue;
      const away = Math.hypot(place[0] - point.x, place[1] - point.y);
      if (away < distance) [closest, distance] = [at, away];
    }
    showTime(closest);
  });
  map.addEventListener('pointerleave', () => showTime(null));
}
