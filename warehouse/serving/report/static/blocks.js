// Blocks of numbers: each says by name what its numbers stand for, and is read with the numbers of this page.
const UNIT_NUMBER = new Map(
  UNITS.map(({ at, boundary, name }) => [JSON.stringify([CONTENT.boundaries[boundary], name]), at]),
);

const BLOCKS = [...document.querySelectorAll("script.block")].map((script) => {
  const block = JSON.parse(script.textContent);
  const units = block.units.map(([at, name]) => UNIT_NUMBER.get(JSON.stringify([block.boundaries[at], name])));
  const from = (grain) => PERIODS[grain].findIndex((period) => period.first === block.first[grain]);
  return {
    ...block,
    unit: (n) => (n === EVERY ? EVERY : units[n]),
    boundary: block.boundaries.map((name) => CONTENT.boundaries.indexOf(name)),
    channel: block.channels.map((name) => CONTENT.channels.indexOf(name)),
    from: { month: from("month"), quarter: from("quarter") },
  };
});

/** The key of a boundary, channel and perhaps metric in a block. */
function keyIn(block, choice, ...metric) {
  const numbers = [
    block.boundaries.indexOf(CONTENT.boundaries[choice.boundary]),
    block.channels.indexOf(CONTENT.channels[choice.channel]),
    ...metric.map((at) => block.metrics.indexOf(METRICS[at].id)),
  ];
  return numbers.join("/");
}

/** Rows of all blocks that begin with unit and other unit, of each pair together: {unit, other, pieces: [[block, row], ...]}. */
function gathered(rowsOf) {
  const pairs = new Map();
  for (const block of BLOCKS)
    for (const row of rowsOf(block)) {
      const [unit, other] = [block.unit(row[0]), block.unit(row[1])];
      const name = `${unit}/${other}`;
      if (!pairs.has(name)) pairs.set(name, { unit, other, pieces: [] });
      pairs.get(name).pieces.push([block, row]);
    }
  return new Map([...pairs].sort(([, a], [, b]) => a.unit - b.unit || a.other - b.other));
}

/** What could be seen in part: {boundary, channel, unit, other, at, part, missing}, ... */
function seenInPart(grain) {
  return BLOCKS.flatMap((block) =>
    block.part[grain].map(([boundary, channel, unit, other, place, part, missing]) => ({
      boundary: block.boundary[boundary],
      channel: block.channel[channel],
      unit: block.unit(unit),
      other: block.unit(other),
      at: block.from[grain] + place,
      part,
      missing,
    })),
  );
}

/** Numbers shown and hidden in a period: {reason or null where shown, cells}, ... */
function hiddenRows({ period, boundary, channel }) {
  const counts = new Map();
  for (const block of BLOCKS)
    for (const [grain, b, c, place, why, cells] of block.hidden) {
      const isAsked = grain === period.grain && block.from[grain] + place === period.at;
      if (!isAsked || block.boundary[b] !== boundary || block.channel[c] !== channel) continue;
      const reason = why < 0 ? null : block.reasons[why];
      counts.set(reason, (counts.get(reason) ?? 0) + cells);
    }
  const last = (reason) => (reason === null ? 1 : 0);
  return [...counts]
    .map(([reason, cells]) => ({ reason, cells }))
    .sort((a, b) => last(a.reason) - last(b.reason) || (a.reason < b.reason ? -1 : 1));
}
