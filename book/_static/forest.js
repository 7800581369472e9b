// A forest plot that the reader can change: trials, visit, score, doses, model and interval. What is shown is a function of
// the page's address. The arithmetic is that of mscmeta (tau2.py, _likelihood.py, _roots.py, pool.py), step by step.
// Without this script the static figure stands. In Node the pure parts are exported, for the tests.
(() => {
  "use strict";

  // ---------------------------------------------------------------- quantiles

  // P(|T| < x) for Student's t with whole df (Abramowitz & Stegun 26.7.3-4), for the normal with df = Infinity (26.2.11).
  // Both are sums of positive terms: nothing cancels.
  const cover = (x, df) => {
    let term = 1, sum = 1;
    if (df === Infinity) {
      for (let n = 3; term > 1e-18 * sum; n += 2) sum += term *= (x * x) / n;
      return 2 * x * density(x, df) * sum;
    }
    const angle = Math.atan(x / Math.sqrt(df)), c2 = Math.cos(angle) ** 2;
    if (df === 1) return (2 * angle) / Math.PI;
    for (let n = 2 + (df % 2); n < df; n += 2) sum += term *= (c2 * (n - 1)) / n;
    if (df % 2 === 0) return Math.sin(angle) * sum;
    return (2 / Math.PI) * (angle + Math.sin(angle) * Math.cos(angle) * sum);
  };

  const density = (x, df) => {
    if (df === Infinity) return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    let constant = df % 2 ? 1 / Math.PI : Math.SQRT1_2 / 2; // of df = 1 and 2, times sqrt(df)
    if (df % 2 === 0) constant *= Math.SQRT2;
    for (let n = df % 2 ? 3 : 4; n <= df; n += 2) constant *= (n - 1) / (n - 2);
    return (constant / Math.sqrt(df)) * (1 + (x * x) / df) ** (-(df + 1) / 2);
  };

  // x with P(|T| < x) = level. The function is concave, so Newton's steps from 0 rise to the root and never pass it.
  const quantile = (level, df) => {
    if (!(df > 0)) return NaN;
    let x = 0;
    for (let step = 0; step < 500; step++) {
      const next = x + (level - cover(x, df)) / (2 * density(x, df));
      if (!(next > x * (1 + 1e-15))) break;
      x = next;
    }
    return x;
  };

  // ---------------------------------------------------------------- one meta-analysis

  const moments = (y, v, tau2) => {
    let total = 0, pairs = 0, wy = 0, q = 0, q2 = 0;
    for (let i = 0; i < y.length; i++) {
      const w = 1 / (v[i] + tau2);
      pairs += w * total;
      total += w;
      wy += w * y[i];
    }
    const mean = wy / total;
    for (let i = 0; i < y.length; i++) {
      const r = y[i] - mean, e = (1 / (v[i] + tau2)) * r;
      q += e * r;
      q2 += e * e;
    }
    return { total, mean, q, q2, trace: (2 * pairs) / total };
  };

  const spread = (y) => {
    const mean = y.reduce((a, b) => a + b, 0) / y.length;
    return y.reduce((sum, x) => sum + (x - mean) * (x - mean), 0);
  };

  // Anderson & Bjorck's bracketing secant, with bisections (on the scale of v + tau2) where it is slow. f is a relative error.
  const rootInside = (f, a, b, fa, fb, vMin) => {
    for (let step = 0; step < 400; step++) {
      const low = Math.min(a, b), high = Math.max(a, b);
      let x = b - (fb * (b - a)) / (fb - fa);
      if (step > 6 && step % 2) x = Math.sqrt((low + vMin) * (high + vMin)) - vMin;
      if (!(low < x && x < high)) x = 0.5 * (low + high);
      const fx = f(x);
      if (Math.abs(fx * fb) <= 1e-17 || x === low || x === high) {
        const last = fx === fb ? x : x - (fx * (x - b)) / (fx - fb);
        return low <= last && last <= high ? last : x;
      }
      if (fx < 0 !== fb < 0) [a, fa] = [b, fb];
      else fa *= 1 - fx / fb > 0 ? 1 - fx / fb : 0.5;
      [b, fb] = [x, fx];
    }
    throw new Error("the bracket of tau2 did not close");
  };

  // Paule-Mandel: sum w r^2 falls with tau2; its bound spread / (tau2 + vMin) gives the upper end of the bracket.
  const pauleMandel = (y, v, df, q) => {
    if (!(q > df)) return 0;
    const vMin = Math.min(...v), high = 1.0001 * (spread(y) / df) - vMin, f = (t) => df / moments(y, v, t).q - 1;
    return rootInside(f, 0, high, df / q - 1, f(high), vMin);
  };

  // Restricted likelihood: scanned where v_min + tau2 grows by at most a factor of 2, up to the tau2 that no mode can
  // pass; every rise followed by a fall brackets a mode, and the highest of them (or of 0) is taken.
  const reml = (y, v, df) => {
    const vMin = Math.min(...v), precise = y[v.indexOf(vMin)];
    y = y.map((x) => x - precise);
    const s2 = spread(y) / df;
    let factor = (1.0001 * ((s2 + Math.sqrt(s2 * s2 + 4 * s2 * (Math.max(...v) - vMin))) / 2)) / vMin, cells = 1;
    if (!(factor > 1)) return 0;
    for (; factor > 2; cells *= 2) factor = Math.sqrt(factor);
    const score = (t) => {
      const at = moments(y, v, t);
      return at.trace / at.q2 - 1;
    };
    const scan = (factor, cells) => {
      const points = [];
      for (let i = 0, edge = vMin; i <= cells; i++, edge *= factor) {
        const t = edge - vMin, at = moments(y, v, t);
        points.push({ t, rises: i < cells && at.q2 > at.trace, down: at.trace / at.q2 - 1, up: at.q2 / at.trace - 1 });
      }
      return points;
    };
    const modes = (points) => points.slice(1).flatMap((b, i) => {
      const a = points[i];
      return a.rises && !b.rises ? [rootInside(score, a.t, b.t, a.down, b.down, vMin)] : [];
    });
    const points = scan(factor, cells), hidden = !points.some((p) => p.rises) && mayHidePeak(points.map((p) => p.up));
    const found = modes(hidden ? scan(factor ** 0.125, 8 * cells) : points);
    if (!points[0].rises) found.push(0);
    const height = (t) => {
      const at = moments(y, v, t);
      return -0.5 * (v.reduce((sum, x) => sum + Math.log(x + t), 0) + at.q + Math.log(at.total));
    };
    if (found.length === 1) return found[0];
    const heights = found.map(height);
    return found[heights.indexOf(Math.max(...heights))];
  };

  // Whether a score that is negative at all points may be positive in between: a parabola through three nearly reaches 0.
  const mayHidePeak = (score) => {
    if (score.length < 3) return score.some((s) => s > -0.5);
    return score.slice(2).some((right, i) => {
      const left = score[i], middle = score[i + 1], bend = left - 2 * middle + right;
      return bend < 0 && Math.abs((left - right) / (2 * bend)) <= 1.5 && middle - (right - left) ** 2 / (8 * bend) > -0.05;
    });
  };

  const pool = (effects, v, tau2Method, rule, level) => {
    const k = effects.length, df = k - 1, y = effects.map((x) => x - effects[0]), fixed = moments(y, v, 0);
    let tau2 = 0;
    if (df > 0 && tau2Method === "DL") tau2 = Math.max((fixed.q - df) / fixed.trace, 0);
    if (df > 0 && tau2Method === "PM") tau2 = pauleMandel(y, v, df, fixed.q);
    if (df > 0 && tau2Method === "REML") tau2 = reml(y, v, df);
    const at = moments(y, v, tau2), estimate = at.mean + effects[0];
    const ratio = (tau2 * fixed.trace) / Math.max(df, 1);
    const i2 = tau2Method === "FE" ? 1 - 1 / Math.max(df > 0 ? fixed.q / df : 1, 1) : ratio / (1 + ratio);
    let variance = 1 / at.total;
    if (rule !== "Wald") variance *= Math.max(df > 0 ? at.q / df : NaN, rule === "HK-floor" ? 1 : 0);
    const se = Math.sqrt(variance), half = quantile(level, rule === "Wald" ? Infinity : df) * se;
    const reach = tau2Method === "FE" ? NaN : quantile(level, df) * Math.sqrt(se * se + tau2);
    return {
      k, estimate, se, tau2, i2, q: fixed.q, low: estimate - half, high: estimate + half,
      newLow: estimate - reach, newHigh: estimate + reach, weights: v.map((x) => 1 / (x + tau2) / at.total),
    };
  };

  // ---------------------------------------------------------------- numbers and words, as mscmeta.report has them

  const number = (x, decimals) => {
    if (Number.isNaN(x)) return "–";
    let text = x.toFixed(decimals);
    const shifted = Math.abs(x) * 10 ** decimals; // an exact half goes to the even digit, as in Python
    if (Number.isInteger(x * 2 ** (decimals + 1)) && shifted % 1 === 0.5) {
      const even = Math.floor(shifted) + (Math.floor(shifted) % 2);
      text = ((Math.sign(x) * even) / 10 ** decimals).toFixed(decimals);
    }
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
  };
  const shortest = (x) => String(Number(x.toFixed(2))).replace("-", "−");
  const threeDigits = (x) => (x === 0 ? "0" : number(x, Math.min(Math.max(0, 2 - Math.floor(Math.log10(x))), 100)));
  const percent = (x, decimals = 1) => `${number(100 * x, decimals)}%`;
  const SMALL = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
  const plural = (n, noun) => `${SMALL[n] || n} ${noun}${n === 1 ? "" : "s"}`;
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  const reading = (low, high, better, mid) => {
    if (Number.isNaN(low) || Number.isNaN(high)) return "The trials give no interval, so nothing can be said.";
    const [least, most] = better < 0 ? [-high, -low] : [low, high]; // benefit of the treatment, positive is good
    const named = `patients notice (MID ${mid})`;
    const size = (from, to, noun) => {
      if (!mid) return "";
      const whole = from >= mid ? "at least what" : to < mid && "smaller than what";
      return whole ? `; the whole interval is ${whole} ${named}` : `; the ${noun} may be smaller or larger than ${named}`;
    };
    if (least > 0) return `On average MSC did better than control${size(least, most, "benefit")}.`;
    if (most < 0) return `On average MSC did worse than control${size(-most, -least, "harm")}.`;
    const start = "The trials do not tell MSC and control apart", gain = most >= mid, harm = -least >= mid;
    if (!mid) return `${start}.`;
    if (!gain && !harm) return `${start}; a difference that ${named} is ruled out either way.`;
    const side = gain && harm ? "either" : gain ? "MSC" : "control";
    return `${start}; a difference that ${named} in favour of ${side} remains possible.`;
  };

  // ---------------------------------------------------------------- what is shown: a function of data and state

  const FIELDS = ["visit", "kind", "arms", "tau2", "ci"]; // data.choices has the values and words of each
  const usual = (data) => ({ ...data.start, out: [] });
  const encode = (data, state) => {
    const safe = (text) => encodeURIComponent(text).replace(/\./g, "%2E").replace(/'/g, "%27");
    const without = Object.keys(data.trials).filter((key) => state.out.includes(key)).map((key) => `-${key}`);
    return [...FIELDS.map((field) => state[field]), ...without].map(safe).join(".");
  };
  // The state that an address asks for, or null where it asks for what there is not.
  const decode = (data, text) => {
    let words;
    try {
      words = text.split(".").map(decodeURIComponent);
    } catch {
      return null;
    }
    const state = Object.fromEntries(FIELDS.map((field, i) => [field, words[i]])), asked = words.slice(FIELDS.length);
    const out = Object.keys(data.trials).filter((key) => asked.includes(`-${key}`));
    const known = FIELDS.every((field) => Object.hasOwn(data.choices[field], state[field]));
    return known && out.length === asked.length ? { ...state, out } : null;
  };
  const parseHash = (hash) => {
    const pieces = hash.replace(/^#/, "").split("&").filter(Boolean), parts = {};
    for (const piece of pieces) if (piece.includes("=")) parts[piece.slice(0, piece.indexOf("="))] = piece.slice(piece.indexOf("=") + 1);
    return { anchor: pieces.find((piece) => !piece.includes("=")) || "", parts };
  };

  const compute = (data, state) => {
    const z = quantile(data.level, Infinity), set = data.sets[[state.visit, state.kind, state.arms].join("|")];
    const rows = set.map((row) => {
      const half = z * Math.sqrt(row.v);
      return { ...row, low: row.y - half, high: row.y + half, on: !state.out.includes(row.trial), weight: NaN };
    });
    const on = rows.filter((row) => row.on), k = on.length;
    const fit = k ? pool(on.map((row) => row.y), on.map((row) => row.v), state.tau2, state.ci, data.level) : null;
    on.forEach((row, i) => (row.weight = fit.weights[i]));
    return { rows, on, k, fit, trials: new Set(on.map((row) => row.trial)).size };
  };

  const sentence = (data, state, view) => {
    const { fit, k, rows, on } = view, print = (x) => number(x, data.decimals), level = percent(data.level, 0);
    const result = (x, low, high) => {
      const ci = Number.isNaN(low) ? `no ${level} CI` : `${level} CI ${print(low)} to ${print(high)}`;
      return `${print(x)} ${data.unit} (${ci}); ${data.better < 0 ? "below" : "above"} zero favours MSC. ${reading(low, high, data.better, data.mid)}`;
    };
    if (!rows.length) return `No trial at hand can be pooled at this visit (${data.choices.visit[state.visit]}).`;
    if (k === 0) return "No trial is ticked, so there is nothing to pool. Tick at least one.";
    if (k === 1) return `One trial is nothing to pool. Its own result, with a normal interval: ${result(on[0].y, on[0].low, on[0].high)} How far trials differ, one cannot show.`;
    const comparisons = k > view.trials ? ` (${plural(k, "comparison")})` : "";
    const future = state.tau2 === "FE"
      ? "The model assumes one common effect, so there is no prediction interval."
      : `The true effect in a new trial like these may lie between ${print(fit.newLow)} and ${print(fit.newHigh)} (${level} prediction interval).`;
    const few = k === 2 ? " Two results hardly show how far trials differ: an interval by Student's t is very wide, a normal one too sure of itself." : "";
    return `${capital(plural(view.trials, "trial"))}${comparisons}: ${result(fit.estimate, fit.low, fit.high)} ${future} τ² = ${threeDigits(fit.tau2)}, I² = ${percent(fit.i2)}.${few}`;
  };

  const description = (data, state, view) => {
    return `Forest plot, ${data.title}, ${data.choices.visit[state.visit]}. ${sentence(data, state, view)} Model ${state.tau2}, interval ${state.ci}.`;
  };

  // The one-line call of mscmeta that gives this view again.
  const call = (data, state, view) => {
    if (!view.k) return "# no trial, nothing to pool";
    const q = JSON.stringify, keys = [...new Set(view.on.map((row) => row.trial))], month = state.visit === "all" ? "None" : state.visit;
    const options = `kind=${q(state.kind)}, arms=${q(state.arms)}, medians=${q(data.medians)}, trials=[${keys.map((key) => q(key)).join(", ")}]`;
    let frame = `data.contrasts(${q(data.review)}, ${q(data.outcome)}, ${month}, ${options})`;
    if (data.instrument) frame = `data.on_instrument(${frame}, ${q(data.instrument)})`;
    return `pool(*${frame}[["y", "v"]].to_numpy().T, tau2=${q(state.tau2)}, ci=${q(state.ci)}, level=${data.level})`;
  };

  // ---------------------------------------------------------------- the drawing

  // Its limits hang on the set of trials, not on the ticks, so that nothing jumps; what leaves them ends in an arrow.
  const axis = (data, rows) => {
    const core = [0, ...(data.mid ? [-data.mid, data.mid] : []), ...rows.map((row) => row.y)];
    const halves = rows.map((row) => (row.high - row.low) / 2).sort((a, b) => a - b), half = halves[halves.length >> 1] || 1;
    const least = Math.min(...core), most = Math.max(...core), reach = 0.65 * Math.max(most - least, 1.5 * half);
    const low = least - reach, high = most + reach, rough = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((s) => s * unit >= 0.6 * rough), ticks = [];
    for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(i * step);
    return { low, high, ticks, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
  };

  const NS = "http://www.w3.org/2000/svg";
  const ROB = { "+": "low", "?": "some", "−": "high", "!": "critical", i: "none" };

  const fill = (made, attributes) => {
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, typeof value === "number" ? Number(value.toFixed(2)) : value);
    return made;
  };

  const draw = (data, state, view, width) => {
    const { rows, fit, k } = view, { low, high, ticks, decimals } = axis(data, rows), narrow = width < 600, charWidth = narrow ? 6.3 : 6.9;
    const node = (tag, attributes) => svg.appendChild(fill(document.createElementNS(NS, tag), attributes));
    const write = (x, y, text, anchor = "start", kind = "") => (node("text", { x, y, "text-anchor": anchor, class: kind }).textContent = text);
    const line = (x1, x2, y1, y2, kind) => node("line", { x1, x2, y1, y2, class: kind });

    const longest = Math.max(...rows.map((row) => row.label.length), 26), labelWidth = narrow ? 0 : Math.min(longest * charWidth + 12, 0.3 * width);
    const left = narrow ? 8 : labelWidth, right = width - (narrow ? 8 : 255), rowHeight = narrow ? 42 : 28, markAt = narrow ? 29 : 14;
    const x = (value) => left + ((Math.min(Math.max(value, low), high) - low) / (high - low)) * (right - left);
    const names = [{ at: 0, name: "no difference", kind: "null" }], lanes = [];
    if (k > 1) names.push({ at: fit.estimate, name: `pooled ${number(fit.estimate, data.decimals)}`, kind: "pooled" });
    if (data.mid) for (const at of [-data.mid, data.mid]) names.push({ at, name: `MID ${shortest(at)}`, kind: "mid" });
    for (const one of names) {
      const half = (one.name.length * charWidth) / 2;
      one.x = Math.min(Math.max(x(one.at), half), width - half);
      one.lane = lanes.findIndex((taken) => taken.every(([a, b]) => one.x + half + 4 < a || one.x - half - 4 > b));
      if (one.lane < 0) one.lane = lanes.push([]) - 1;
      lanes[one.lane].push([one.x - half, one.x + half]);
    }
    const top = 15 * Math.max(lanes.length, 3) + (narrow ? 8 : 24), count = rows.length + 2, bottom = top + rowHeight * count, height = bottom + 58;
    const svg = fill(document.createElementNS(NS, "svg"), { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": description(data, state, view) });

    if (data.mid) node("rect", { x: x(-data.mid), y: top, width: x(data.mid) - x(-data.mid), height: bottom - top, class: "mid-band" });
    for (const { at, lane, kind } of names) {
      line(x(at), x(at), 16 + 15 * lane, narrow ? top - 2 : bottom, `reference ${kind}`);
      if (narrow) // words stand between the rows: the lines cross the marks only
        for (let i = 0, y = top + markAt; i < count; i++, y += rowHeight) line(x(at), x(at), y - 11, y + 11, `reference ${kind}`);
    }
    for (const one of names) write(one.x, 12 + 15 * one.lane, one.name, "middle", `name ${one.kind}`);
    line(left, right, bottom, bottom, "axis");
    for (const tick of ticks) {
      line(x(tick), x(tick), bottom, bottom + 5, "axis");
      write(x(tick), bottom + 18, number(tick, decimals), "middle");
    }
    const sides = ["MSC", "control"];
    if (data.better > 0) sides.reverse();
    write(left, bottom + 35, `← favours ${sides[0]}`);
    write(right, bottom + 35, `favours ${sides[1]} →`, "end");
    write((left + right) / 2, bottom + 52, `${data.effect}, ${data.unit}`, "middle");

    const effectEnd = width - (narrow ? 22 : 100);
    const cut = (text, room) => (text.length * charWidth > room ? `${text.slice(0, Math.max(1, Math.floor(room / charWidth) - 1))}…` : text);
    const bracket = (from, to) => (Number.isNaN(from) ? "[no interval]" : `[${number(from, data.decimals)}, ${number(to, data.decimals)}]`);
    const words = (y, label, text, share, kind) => {
      const base = y + (narrow ? 13 : markAt + 4);
      write(0, base, cut(label, narrow ? effectEnd - text.length * charWidth - 8 : labelWidth - 6), "start", kind);
      write(effectEnd, base, text, "end", kind);
      if (!narrow) write(width - 42, base, share, "end", kind);
    };
    const arrows = (y, from, to, kind) => {
      if (from < low) node("path", { d: `M${left - 3} ${y}l8 -5v10z`, class: `arrow left ${kind}` });
      if (to > high) node("path", { d: `M${right + 3} ${y}l-8 -5v10z`, class: `arrow right ${kind}` });
    };
    const bar = (y, from, to, kind) => {
      if (to >= low && from <= high) line(x(from), x(to), y, y, `bar ${kind}`);
      arrows(y, from, to, kind);
    };
    const heads = [`Effect [${percent(data.level, 0)} CI]`, "Weight", ...(rows.some((row) => row.mark) ? ["RoB"] : [])];
    if (!narrow) heads.forEach((head, i) => write(width - [100, 42, 0][i], top - 8, head, "end", "head"));
    const heaviest = Math.max(...view.on.map((row) => row.weight));
    rows.forEach((row, i) => {
      const y = top + i * rowHeight, at = y + markAt, kind = row.on ? "" : "out", side = row.on ? Math.max(4, 13 * Math.sqrt(row.weight / heaviest)) : 6;
      words(y, row.on ? row.label : `${row.label} (out)`, `${number(row.y, data.decimals)} ${bracket(row.low, row.high)}`, row.on ? percent(row.weight) : "–", kind);
      bar(at, row.low, row.high, `study ${kind}`);
      node("rect", { x: x(row.y) - side / 2, y: at - side / 2, width: side, height: side, class: `square ${kind}` });
      if (!row.mark) return;
      const cx = width - (narrow ? 9 : 14), cy = narrow ? y + 9 : at;
      node("circle", { cx, cy, r: 8.5, class: `rob ${ROB[row.mark]}` });
      write(cx, cy + 4.5, row.mark, "middle", `rob ${ROB[row.mark]}`);
    });
    const total = bottom - 2 * rowHeight, at = total + markAt;
    line(0, width, total, total, "axis");
    if (k < 2) words(total, `${k ? "One" : "No"} trial: nothing pooled`, "", "", "head");
    else {
      words(total, `Pooled (${state.tau2}, ${state.ci})`, `${number(fit.estimate, data.decimals)} ${bracket(fit.low, fit.high)}`, "100%", "head");
      node("path", { d: `M${x(fit.low)} ${at}L${x(fit.estimate)} ${at - 8}L${x(fit.high)} ${at}L${x(fit.estimate)} ${at + 8}z`, class: "diamond" });
      arrows(at, fit.low, fit.high, "diamond");
      const isCommon = state.tau2 === "FE";
      words(total + rowHeight, isCommon ? "No prediction interval" : "Prediction interval", isCommon ? "" : bracket(fit.newLow, fit.newHigh), "");
      bar(at + rowHeight, fit.newLow, fit.newHigh, "prediction");
    }
    return svg;
  };

  if (typeof module === "object" && module.exports) {
    module.exports = { quantile, pool, number, threeDigits, reading, usual, encode, decode, parseHash, compute, sentence, description, call, axis };
    return;
  }

  // ---------------------------------------------------------------- the page

  const make = (tag, attributes = {}, ...inside) => {
    const made = fill(document.createElement(tag), attributes);
    made.append(...inside);
    return made;
  };
  const forests = [];
  let waiting;

  const writeAddress = () => {
    const { anchor } = parseHash(location.hash), changed = forests.filter((forest) => !forest.isUsual());
    const parts = [...(anchor ? [anchor] : []), ...changed.map((forest) => forest.part())];
    try {
      history.replaceState(history.state, "", location.href.split("#")[0] + (parts.length ? `#${parts.join("&")}` : ""));
    } catch {
      // a browser that is asked too often refuses for a while
    }
  };

  const readAddress = () => {
    const { anchor, parts } = parseHash(location.hash);
    if (anchor && !Object.keys(parts).length) writeAddress(); // a link inside the page leaves the views alone
    else for (const forest of forests) forest.read(parts[forest.data.name]);
  };

  const table = (data, state, view) => {
    const heads = ["Row", "In", data.effect, `${percent(data.level, 0)} interval`, "Weight", "Score", "Patients", "Risk of bias"], d = data.decimals;
    const line = (...cells) => make("tr", {}, make("th", { scope: "row" }, cells[0]), ...cells.slice(1).map((cell) => make("td", {}, cell)));
    const span = (low, high) => (Number.isNaN(low) ? "none" : `${number(low, d)} to ${number(high, d)}`);
    const body = view.rows.map((row) => line(row.label, row.on ? "yes" : "no", number(row.y, d), span(row.low, row.high), row.on ? percent(row.weight) : "–", row.kind, row.n, row.rob || "not at hand"));
    if (view.k > 1) {
      body.push(line(`Pooled (${state.tau2}, ${state.ci})`, "", number(view.fit.estimate, d), span(view.fit.low, view.fit.high), "100%", "", "", ""));
      body.push(line("Prediction interval", "", "", span(view.fit.newLow, view.fit.newHigh), "", "", "", ""));
    }
    const head = make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text))));
    return make("table", { class: "table" }, make("caption", {}, `${data.title}, ${data.choices.visit[state.visit]}, ${data.unit}`), head, make("tbody", {}, ...body));
  };

  const build = (box) => {
    const data = JSON.parse(box.dataset.forest), id = (word) => `forest-${data.name}-${word}`;
    if (forests.some((forest) => forest.data.name === data.name)) return;
    let state = usual(data), shownWidth = 0;
    const selects = {};
    const say = (text) => {
      notice.textContent = text;
      notice.hidden = !text;
    };
    const change = (part) => {
      state = { ...state, ...part };
      say("");
      show();
      clearTimeout(waiting); // a browser takes longer over the address than the view takes
      waiting = setTimeout(writeAddress, 50);
    };

    const title = make("p", { class: "forest-title", id: id("title") }, `Change it yourself: ${data.title}`);
    const notice = make("p", { class: "forest-notice", role: "status" });
    const controls = make("div", { class: "forest-controls" });
    const labels = { visit: "Visit", kind: "Preferred score", arms: "Several doses", tau2: "Variance between trials", ci: "Interval" };
    for (const [field, words] of Object.entries(data.choices)) {
      const select = (selects[field] = make("select", { id: id(field) }));
      for (const [value, text] of Object.entries(words)) select.append(make("option", { value }, text));
      select.addEventListener("change", () => change({ [field]: select.value }));
      if (Object.keys(words).length > 1) controls.append(make("div", {}, make("label", { for: select.id }, labels[field]), select));
    }
    const ticks = make("fieldset", { class: "forest-ticks" });
    const again = make("button", { type: "button" }, "As at the start");
    again.addEventListener("click", () => change(usual(data)));
    controls.append(again);
    const words = make("p", { class: "forest-sentence", "aria-live": "polite", id: id("sentence") });
    const place = make("div", { class: "forest-plot" });
    const legend = make("p", { class: "forest-legend" });
    const cells = make("div", { class: "forest-cells", tabindex: "0", role: "group", "aria-label": `${data.title} as a table` });
    const code = make("code"), fold = make("details", {}, make("summary", {}, "The same as a table"), cells);
    fold.addEventListener("toggle", () => show());
    box.replaceChildren(
      title, notice, controls, ticks, words, place, legend,
      fold,
      make("p", { class: "forest-call" }, "The same in Python (", make("code", {}, "from mscmeta import data, pool"), "): ", code),
      make("p", { class: "forest-call" }, "The address of this page holds what you see: copy it to share the view."),
    );
    box.setAttribute("role", "group");
    box.setAttribute("aria-labelledby", title.id);

    let ticked = "";
    const showTicks = (view) => {
      const keys = [...new Set(view.rows.map((row) => row.trial))];
      if (ticked !== keys.join()) {
        ticked = keys.join();
        ticks.replaceChildren(make("legend", {}, "Trials"), ...keys.map((key) => {
          const tick = make("input", { type: "checkbox", id: id(`trial-${key}`), value: key });
          tick.addEventListener("change", () => change({ out: tick.checked ? state.out.filter((other) => other !== key) : [...state.out, key] }));
          return make("label", { for: tick.id }, tick, " ", data.trials[key]);
        }));
        ticks.hidden = !keys.length;
      }
      for (const tick of ticks.querySelectorAll("input")) tick.checked = !state.out.includes(tick.value);
    };
    const show = () => {
      const view = compute(data, state);
      shownWidth = Math.round(Math.min(Math.max(place.clientWidth || 700, 260), 900)); // asked first: nothing is laid out twice
      for (const field of FIELDS) selects[field].value = state[field];
      showTicks(view);
      const text = sentence(data, state, view);
      if (words.textContent !== text) words.textContent = text;
      place.replaceChildren(...(view.rows.length ? [draw(data, state, view, shownWidth)] : []));
      legend.textContent = view.rows.some((row) => row.mark) ? data.legend : "No judgement of risk of bias is at hand for these trials.";
      legend.hidden = !view.rows.length;
      cells.replaceChildren(...(fold.open ? [table(data, state, view)] : []));
      code.textContent = call(data, state, view);
    };
    const part = () => `${data.name}=${encode(data, state)}`, start = part();
    forests.push({
      data, box, part,
      isUsual: () => part() === start,
      read(text) {
        const wanted = text === undefined ? usual(data) : decode(data, text);
        say(wanted ? data.note : "The address asks for a view that this figure does not have. It shows its usual one.");
        state = wanted || usual(data);
        show();
      },
    });
    if (window.ResizeObserver) new ResizeObserver(() => Math.abs(place.clientWidth - shownWidth) > 1 && place.clientWidth >= 260 && place.clientWidth <= 900 && show()).observe(place);
  };

  const begin = () => {
    document.querySelectorAll(".msc-forest[data-forest]").forEach(build);
    if (!forests.length) return;
    const { anchor, parts } = parseHash(location.hash), named = forests.find((forest) => forest.data.name in parts);
    for (const forest of forests) forest.read(parts[forest.data.name]);
    const target = anchor && Object.keys(parts).length ? document.getElementById(decodeURIComponent(anchor)) : named && named.box;
    if (target) target.scrollIntoView();
    addEventListener("hashchange", readAddress);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
