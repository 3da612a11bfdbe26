import uPlot from 'uplot';
import { el, say } from './text.js';

const HEIGHT = 170;
const FONT = '12px system-ui, sans-serif';

/** @type {Map<string, string>} */
const colours = new Map();

/**
 * A colour of the style sheet, as light or dark wants it.
 * @param {string} name
 */
function colourOf(name) {
  const known = colours.get(name);
  if (known !== undefined) return known;
  const probe = el('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  colours.set(name, color);
  return color;
}

/** @type {Set<uPlot>} */
const plots = new Set();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  colours.clear();
  for (const plot of plots) plot.redraw(false, true);
});

/**
 * A line of a plot. `fill`: what is below it is filled; `broken`: it is dashed.
 * @typedef {{ label: string, colour: string, fill?: boolean, broken?: boolean }} Line
 *
 * @typedef {object} PlotOptions
 * @property {string} name What the plot shows, for those who cannot see it.
 * @property {readonly Line[]} lines
 * @property {(x: number) => string} xText
 * @property {() => [number, number]} xRange
 * @property {(y: number) => string} yText
 * @property {(y: number) => string} [figureText] As the legend tells it; as the axis does when not given.
 */

/**
 * A plot with a legend that tells the figures under the pointer, else the latest. `show` takes the values to draw
 * (x first) and, where they are not those to be told, the latter.
 * @param {HTMLElement} container
 * @param {PlotOptions} options
 */
export function createPlot(container, options) {
  const { name, lines, xText, xRange, yText, figureText = yText } = options;
  const figures = lines.map(() => el('b'));
  const legend = el(
    'ul',
    { class: 'legend' },
    ...lines.map((line, index) => keyOf(line, /** @type {HTMLElement} */ (figures[index]))),
  );
  const place = el('div', { class: 'plot', role: 'img', 'aria-label': name });
  container.replaceChildren(legend, place);
  /** @type {readonly (readonly (number | null)[])[]} */
  let told = [];

  /** @param {uPlot} plot */
  const tell = (plot) => {
    const at = plot.cursor.idx ?? (plot.data[0]?.length ?? 0) - 1;
    lines.forEach((_line, index) => {
      const value = told[index]?.[at];
      say(/** @type {HTMLElement} */ (figures[index]), value == null ? '–' : figureText(value));
    });
  };
  const plot = new uPlot(
    {
      width: Math.max(1, place.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { show: false } },
      scales: {
        x: { time: false, range: xRange },
        y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
      },
      axes: [
        { ...axisOf(xText, 90), size: 26 },
        { ...axisOf(yText, 34), size: 58 },
      ],
      series: [{}, ...lines.map(seriesOf)],
      hooks: { setCursor: [tell], setData: [tell] },
    },
    [[], ...lines.map(() => [])],
    place,
  );
  plots.add(plot);
  new ResizeObserver(() => plot.setSize({ width: Math.max(1, place.clientWidth), height: HEIGHT })).observe(
    place,
  );

  return {
    /**
     * @param {readonly number[]} x
     * @param {readonly (readonly (number | null)[])[]} drawn
     * @param {readonly (readonly (number | null)[])[]} [figuresTold]
     */
    show: (x, drawn, figuresTold = drawn) => {
      told = figuresTold;
      plot.setData(/** @type {uPlot.AlignedData} */ ([x, ...drawn]));
    },
  };
}

/**
 * @param {Line} line
 * @param {HTMLElement} figure
 */
function keyOf({ label, colour, broken }, figure) {
  const swatch = el('span', { class: broken ? 'swatch broken' : 'swatch' });
  swatch.style.color = `var(--${colour})`;
  return el('li', {}, swatch, `${label} `, figure);
}

/**
 * @param {Line} line
 * @returns {uPlot.Series}
 */
function seriesOf({ label, colour, fill, broken }) {
  return {
    label,
    width: fill ? 0 : 2,
    stroke: () => colourOf(colour),
    points: { show: false },
    ...(fill ? { fill: () => colourOf(colour) } : {}),
    ...(broken ? { dash: [5, 4] } : {}),
  };
}

/**
 * @param {(value: number) => string} textOf
 * @param {number} space
 * @returns {uPlot.Axis}
 */
function axisOf(textOf, space) {
  return {
    font: FONT,
    space,
    stroke: () => colourOf('soft'),
    grid: { stroke: () => colourOf('grid'), width: 1 },
    ticks: { show: false },
    values: (_plot, values) => values.map(textOf),
  };
}
