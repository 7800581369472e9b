// Wide things scroll in a box of their own that the keyboard can reach; everything folded opens for print.
(() => {
  const WIDE = ".pst-scrollable-table-container, .cell_output .text_html, .wide-figure, div.math, .bd-article pre";

  const nameOf = (box) => {
    const caption = box.querySelector("caption, figcaption") || box.closest("figure")?.querySelector("figcaption");
    if (caption) return caption.textContent.replace(/#\s*$/, "").trim();
    if (box.querySelector("img")) return "Figure";
    return box.querySelector("table") ? "Table" : "Formula";
  };

  const reachable = () => {
    for (const box of document.querySelectorAll(WIDE)) {
      if (box.dataset.reachable) {  // the window may have become wide enough since
        for (const name of box.dataset.reachable.split(" ")) box.removeAttribute(name);
        delete box.dataset.reachable;
      }
      if (box.scrollWidth > box.clientWidth + 1) {
        const before = box.getAttributeNames();
        if (!box.hasAttribute("tabindex")) box.tabIndex = 0;
        if (!box.hasAttribute("role") && !box.matches("pre")) {
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", `${nameOf(box)} (scrolls sideways)`);
        }
        const added = box.getAttributeNames().filter((name) => !before.includes(name));
        if (added.length) box.dataset.reachable = added.join(" ");
      }
    }
  };

  const boxFigures = () => {
    for (const image of document.querySelectorAll(".cell_output img")) {
      const box = document.createElement("div");
      box.className = "wide-figure";
      image.replaceWith(box);
      box.append(image);
    }
  };

  const openForPrint = () => {
    for (const fold of document.querySelectorAll("details:not([open])")) {
      fold.open = true;
      fold.dataset.closedAfterPrint = "";
    }
  };
  const closeAfterPrint = () => {
    for (const fold of document.querySelectorAll("details[data-closed-after-print]")) {
      fold.open = false;
      delete fold.dataset.closedAfterPrint;
    }
  };

  // The theme names its search button twice, differently; the visible text wins.
  const nameSearch = () => {
    for (const button of document.querySelectorAll(".search-button-field[aria-label]")) button.removeAttribute("aria-label");
  };

  boxFigures();
  nameSearch();
  addEventListener("load", reachable);
  addEventListener("resize", reachable);
  addEventListener("beforeprint", openForPrint);
  addEventListener("afterprint", closeAfterPrint);
})();
