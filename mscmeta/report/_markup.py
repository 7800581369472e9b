"""Text stays text: escaping for MyST and HTML, and the one type through which an author's markup passes."""

import html
import re
import unicodedata
from dataclasses import dataclass

from ..data import address_of

VERDICTS = {
    "reproduced": "✓",
    "consistent": "✓",
    "within 10%": "≈",
    "within 0.1 SD": "≈",
    "differs": "≠",
    "suspect": "!",
    "contradicted": "✗",
    "unverifiable": "?",
}
ROLES = ("cite:t", "cite:p", "term", "ref", "numref", "eq", "math", "doc", "download", "abbr", "sub", "sup")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_:.-]*")
_ROLE = re.compile(r"\{([a-z:]+)\}`([^`]*)`")


@dataclass(frozen=True, slots=True)
class Markup:
    """MyST text written by an author, used as it stands.

    Never wrap a value from a table in it: that is what escaping is for. Raw HTML, links to anything but https and
    unknown roles are refused all the same.

    Examples
    --------
    >>> Markup("see {numref}`fig-pain`")
    Markup(text='see {numref}`fig-pain`')
    """

    text: str

    def __post_init__(self):
        if re.search(r"<[a-z/!?]", self.text, re.IGNORECASE):
            raise ValueError(f"markup {self.text!r} holds raw HTML; write MyST")
        if re.search(r"\]\(\s*(?!https://|#|\.)", self.text):
            raise ValueError(
                f"markup {self.text!r} links to something that is not https, a page of the book or a label"
            )
        for role, _ in _ROLE.findall(self.text):
            if role not in ROLES:
                raise ValueError(f"markup {self.text!r} uses the role {role!r}; known roles: {', '.join(ROLES)}")

    def __str__(self) -> str:
        return self.text


def cite(key: str, style: str = "t") -> Markup:
    """Cite `key` of the bibliography, as text ("t") or in parentheses ("p"); a DOI or registry number becomes a link.

    Examples
    --------
    >>> str(cite("vega2015"))
    '{cite:t}`vega2015`'
    >>> str(cite("doi:10.1000/abc"))
    '[doi:10.1000/abc](https://doi.org/10.1000/abc)'
    """
    if style not in ("t", "p"):
        raise ValueError(f"style is {style!r}; use 't' (in the text) or 'p' (in parentheses)")
    if isinstance(key, str) and (address := address_of(key)):
        link = f"[{key}]({address})"
        return Markup(link if style == "t" else f"({link})")
    return Markup(f"{{cite:{style}}}`{_checked(key, 'citation key')}`")


def term(name: str) -> Markup:
    """Link to an entry of the glossary."""
    if not re.fullmatch(r"[\w²][\w² -]*", name):
        raise ValueError(f"glossary term {name!r} may hold letters, digits, spaces and hyphens only")
    return Markup(f"{{term}}`{name}`")


def ref(label: str, role: str = "numref") -> Markup:
    """Refer to a labelled figure or table by number ("numref"), to a section ("ref") or to an equation ("eq")."""
    if role not in ("numref", "ref", "eq"):
        raise ValueError(f"role is {role!r}; use 'numref', 'ref' or 'eq'")
    return Markup(f"{{{role}}}`{_checked(label, 'label')}`")


def badge(verdict: str) -> Markup:
    """Return the mark of a verdict: a symbol and the word, so that no meaning hangs on colour."""
    if verdict not in VERDICTS:
        raise ValueError(f"verdict is {verdict!r}; known verdicts: {', '.join(VERDICTS)}")
    style = re.sub(r"[^a-z0-9]+", "-", verdict.lower()).strip("-")
    return Markup(f"[{VERDICTS[verdict]} {verdict}]{{.verdict .verdict-{style}}}")


def flat(text: object) -> str:
    """Put text on one line: every kind of space and line end becomes a space, what cannot be shown becomes a mark."""
    one_line = " ".join(str(text).split())
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cs") else c for c in one_line)


def escape(text: object) -> str:
    """Return text for MyST in which no character can start markup.

    Every ASCII character but letters, digits and inner spaces is written as a numeric character reference, which
    CommonMark shows but never reads as syntax.

    Examples
    --------
    >>> escape("a|b")
    'a&#124;b'
    """
    return "".join(c if not c.isascii() or c.isalnum() or c == " " else f"&#{ord(c)};" for c in flat(text))


def to_myst(value: object) -> str:
    """Return a value's MyST: an author's markup as it is, everything else escaped."""
    return value.text if isinstance(value, Markup) else escape(value)


def to_html(value: object) -> str:
    """Return a value's HTML: escaped text; of markup only its words."""
    return html.escape(to_plain(value), quote=True)


def to_plain(value: object) -> str:
    """Return the words of a value, without markup."""
    if not isinstance(value, Markup):
        return flat(value)
    text = _ROLE.sub(lambda role: re.sub(r" <[^<>]*>$", "", role[2]), value.text)
    words = re.sub(r"\[([^\]]*)\](\{[^}]*\}|\([^)]*\))", r"\1", text)
    return html.unescape(words.replace("**", ""))


def _checked(key: str, what: str) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError(f"{what} {key!r} must start with a letter and hold letters, digits and _ : . - only")
    return key
