"""From results to words, tables and pictures on a page.

The only part of the package that writes Markdown or HTML. Text that comes from data is escaped on the way; markup is
accepted from authors only, as `Markup`, `cite`, `term` or `ref`.
"""

from ._agreement import rows_agreement
from ._benefit import chance_text, number_needed_text, rows_chances, rows_search, rows_without
from ._changeable import changeable_forest
from ._compare import Comparison, compare
from ._display import answer, sentence, setup, show, table
from ._empty import ends_if_empty
from ._fields import say
from ._grade import certainty_word, effect_text, plain_statement, rows_domains, rows_findings
from ._markup import Markup, badge, cite, ref, term
from ._outcome import (
    finding,
    rows_arms,
    rows_checked,
    rows_gaps,
    rows_held,
    rows_ledger,
    rows_left_out,
    rows_printed,
    rows_sources,
    rows_ways,
    verdict_of,
)
from ._record import record
from ._sources import about_table, link, rows_read, source
from ._words import (
    against_mid,
    estimate_ci,
    figure_alt,
    forest_alt,
    interval_text,
    months,
    number,
    p_value,
    part,
    percent,
    plural,
    reading,
)

__all__ = [
    "Comparison",
    "Markup",
    "about_table",
    "against_mid",
    "answer",
    "badge",
    "certainty_word",
    "chance_text",
    "changeable_forest",
    "cite",
    "compare",
    "effect_text",
    "ends_if_empty",
    "estimate_ci",
    "figure_alt",
    "finding",
    "forest_alt",
    "interval_text",
    "link",
    "months",
    "number",
    "number_needed_text",
    "p_value",
    "part",
    "percent",
    "plain_statement",
    "plural",
    "reading",
    "record",
    "ref",
    "rows_agreement",
    "rows_arms",
    "rows_chances",
    "rows_checked",
    "rows_domains",
    "rows_findings",
    "rows_gaps",
    "rows_held",
    "rows_ledger",
    "rows_left_out",
    "rows_printed",
    "rows_read",
    "rows_search",
    "rows_sources",
    "rows_ways",
    "rows_without",
    "say",
    "sentence",
    "setup",
    "show",
    "source",
    "table",
    "term",
    "verdict_of",
]
