// The ledger: a box to search the table and a choice of verdicts. Without this script the whole table stands.
(() => {
  const place = document.getElementById("tab-ledger");
  const table = place && (place.matches("table") ? place : place.querySelector("table"));
  if (!table) return;
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const column = heads.indexOf("Verdict");
  const wordOf = (text) => text.replace(/^[^a-z]+/i, "").trim(); // without the mark: "✓ consistent" is "consistent"
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    verdict: wordOf(row.cells[column].textContent),
  }));

  const make = (tag, attributes = {}, text = "") => Object.assign(document.createElement(tag), attributes, text && { textContent: text });
  const labelled = (text, field) => {
    const label = make("label", { htmlFor: field.id }, text);
    const box = make("div");
    box.append(label, field);
    return box;
  };

  const words = make("input", { type: "search", id: "ledger-words", autocomplete: "off" });
  const verdicts = make("select", { id: "ledger-verdict" });
  const counts = new Map();
  for (const { verdict } of rows) counts.set(verdict, (counts.get(verdict) || 0) + 1);
  verdicts.append(make("option", { value: "" }, `all (${rows.length})`));
  for (const [verdict, count] of [...counts].sort()) verdicts.append(make("option", { value: verdict }, `${verdict} (${count})`));
  const clear = make("button", { type: "button" }, "Show all");
  const shown = make("p", { className: "ledger-shown" });
  shown.setAttribute("role", "status");

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, text, verdict } of rows) {
      row.hidden = !((!verdicts.value || verdict === verdicts.value) && wanted.every((word) => text.includes(word)));
      count += !row.hidden;
    }
    shown.textContent = `${count} of ${rows.length} rows shown`;
  };
  words.addEventListener("input", filter);
  verdicts.addEventListener("change", filter);
  clear.addEventListener("click", () => {
    words.value = verdicts.value = "";
    filter();
    words.focus();
  });

  const box = make("div", { className: "ledger-filter" });
  box.setAttribute("role", "search");
  box.setAttribute("aria-label", "Filter the ledger");
  box.append(labelled("Words in a row", words), labelled("Verdict", verdicts), clear, shown);
  (table.closest(".pst-scrollable-table-container") || table).before(box);
  filter();
})();
