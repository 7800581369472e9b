"""What the theme lacks: its own MathJax, no Thebe, clean names for a screen reader, notebooks without outputs."""

import json
import re
from hashlib import sha256
from html import escape
from importlib.util import find_spec
from pathlib import Path
from shutil import copy2, copytree

from docutils import nodes
from pybtex.plugin import find_plugin, register_plugin

MATHJAX = "tex-chtml.js"
DATA, SOURCES = "notebooks/back/data", "notebooks/back/sources"
DESCRIPTIONS = ("datapackage.json", ".bib")  # stand with each table


def copy_mathjax(app, exception):
    if exception or app.builder.format != "html":
        return
    package = find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
    source, target = Path(package) / "static" / "mathjax", Path(app.outdir) / "_static" / "mathjax"
    target.mkdir(parents=True, exist_ok=True)
    copy2(source / MATHJAX, target / MATHJAX)
    copytree(source / "output/chtml/fonts", target / "output/chtml/fonts", dirs_exist_ok=True)


def drop_thebe(app, pagename, templatename, context, doctree):
    """Thebe asks a foreign host for its code, and declares one name twice on every page."""

    def keep(script):
        text = str(getattr(script, "filename", script) or "") + str(getattr(script, "attributes", ""))
        return "thebe" not in text.lower()

    context["script_files"] = [s for s in context.get("script_files", []) if keep(s)]
    context["css_files"] = [c for c in context.get("css_files", []) if keep(c)]
    context["default_mode"] = context.get("default_mode") or "auto"  # left empty, the theme complains on every page


def drop_thebe_nodes(app, doctree, docname):
    for node in list(doctree.findall(nodes.raw)):
        if "thebe" in node.astext() or node.astext().startswith("<script>kernelName"):
            node.parent.remove(node)


def offer_source(app, pagename, templatename, context, doctree):
    """Beside the page's own notebook (with outputs), offer the one that stands in the repository (without)."""
    if not (Path(app.confdir) / "extra" / "downloads" / f"{pagename}.ipynb").is_file():
        return
    button = {
        "type": "link",
        "url": context["pathto"](f"downloads/{pagename}.ipynb", 1),
        "text": ".ipynb to rerun",
        "tooltip": "Download the notebook without outputs",
        "icon": "fas fa-code",
        "label": "download-clean-notebook-button",
    }
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            group["buttons"].insert(0, button)


def add_scripts(app, pagename, templatename, context, doctree):
    """Two scripts are for some pages only: the filter of the ledger's table, and the forest plot to be changed."""
    if pagename.endswith("/ledger"):
        app.add_js_file("ledger.js", loading_method="defer")
    if 'class="msc-forest"' in (context.get("body") or ""):
        app.add_css_file("forest.css")
        app.add_js_file("forest.js", loading_method="defer")


def clean_markup(app, pagename, templatename, context, doctree):
    """An empty header cell names nothing; a bibliography has roles that are deprecated or lack their list items."""
    body = context.get("body")
    if not body:
        return
    body = re.sub(r"<th([^>]*)>\s*</th>", r"<td\1></td>", body)  # an empty header names nothing
    body = body.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    body = body.replace(' role="doc-biblioentry"', "")
    context["body"] = body


def tell_sources(app, pagename, templatename, context, doctree):
    """Under a page that was computed: when, and from which tables and files; each leads to what is known of it."""
    path = Path(app.confdir) / "made_from.json"
    made = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"read": {}}
    read = [name for name in made["read"].get(pagename, []) if not name.endswith(DESCRIPTIONS)]
    if not read or not context.get("body"):
        return
    link, there = context["pathto"], app.env.found_docs
    rows = []
    for name in read:
        url, file = link(f"downloads/{name}", 1), Path(app.confdir) / "extra" / "downloads" / name
        code = sha256(file.read_bytes()).hexdigest()[:12]  # of the copy for download: what a reader can check
        if name.endswith(".csv") and DATA in there:
            about = f"{link(DATA).rstrip('#')}#data-{file.stem.replace('_', '-')}"
            first = f'<a href="{escape(about)}">{escape(file.name)}</a>'
            first += f'<span class="copy"> (<a href="{escape(url)}">download</a>)</span>'
        else:
            first = f'<a href="{escape(url)}">{escape(file.name)}</a>'
        rows.append(f"<li>{first} <code>{code}</code></li>")
    known = f"as the repository stood on {made['date']}" if made.get("date") else "from a copy without its history"
    if any(name.endswith(".csv") for name in read):
        also = f' (<a href="{escape(link(SOURCES))}">trial by trial</a>)' if SOURCES in there - {pagename} else ""
        known += (
            f". A table leads to its codebook and to the papers, registers and pages that its numbers are from{also}"
        )
    context["body"] += (
        f'<section class="made-from" aria-label="Sources"><p>Computed from these files, {known}. '
        f"The code is the beginning of the SHA-256 checksum.</p><ul>{''.join(rows)}</ul></section>"
    )


def share_html_handlers(app, config):
    """sphinx-exercise registers "singlehtml" visitors, which hides every "html" one."""
    handlers = app.registry.translation_handlers
    if "singlehtml" in handlers:
        handlers["singlehtml"] = {**handlers.get("html", {}), **handlers["singlehtml"]}


def remember_plaintext():
    """Every citation asks for this plug-in; unless it is registered, pybtex looks through all installed packages."""
    group, name = "pybtex.backends", "plaintext"
    register_plugin(group, name, find_plugin(group, name), force=True)


def setup(app):
    remember_plaintext()
    app.connect("config-inited", share_html_handlers)
    app.connect("config-inited", lambda app, config: setattr(config, "mathjax_path", f"mathjax/{MATHJAX}"))
    app.connect("build-finished", copy_mathjax)
    app.connect("doctree-resolved", drop_thebe_nodes, priority=900)
    app.connect("html-page-context", add_scripts, priority=800)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", offer_source, priority=901)
    app.connect("html-page-context", clean_markup, priority=902)
    app.connect("html-page-context", tell_sources, priority=903)
    app.add_css_file("mscbook.css")
    app.add_js_file("mscbook.js", loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
