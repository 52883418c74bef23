"""Text that some reader of a file would take for more than text: terminal, browser, spreadsheet, Markdown, DOT."""

REFUSED = (
    "\x1b]0;owned\x07", "\x1b[2Jgone", "\u202egnp.exe", "\u2066a\u2069", "\x00", "a\x08b", "\x9b31m", "\ud800",
    "\uffff",
)  # fmt: skip
"""What no file of ours may hold, in a name or in a text."""

HOSTILE = (
    "<script>alert(1)</script>", '"><script src=//evil.example/x.js></script>', "<img src=x onerror=alert(1)>",
    "<b onmouseover=alert(1)>b</b>", "</td></table><h1>out", "</text></svg><script/>", "</TABLE>>", "]]>", "--> x <!--",
    "<!DOCTYPE x>", "<?xml x?>", "<![CDATA[x", "&lt;b&gt; &#60;i&#62; &amp;",
    "![x](http://evil.example/a.png)", "![x][r]", "[x](javascript:alert(1))", "<http://evil.example>", "[r]: http://e",
    "http://evil.example/x", "www.evil.example", "a@evil.example", "`code`", "``", "~~x~~", "*x* **x** __x__", "***",
    "| a | b |", "\\| a", "# h", "> q", "- li", "+ li", "1. li", "1) li", "---", "===", "[^1]", "[ ] x", ":smile:",
    "$\\int$ $$x$$", "\\", "\\\\", "\\n", '\\"', '"', "'", "%s {0} {x} {{x}} ${x}", "\\N \\G \\E \\l \\r",
    '=HYPERLINK("http://evil.example")', "=1+1", "+1+1", "-1+1", "@SUM(1)", "'=1", "|calc", ";=1", "%0A=1",
    "<TABLE BORDER='1'>", "a -> b: c", "it's \"so\"", "x" * 119, "\u200bx", "\ufeffx", "\u00adx", "e\u0301",
    "😀", "日本", "א",
)  # fmt: skip
"""What a name and a text may hold, and whoever writes it has to keep as it is."""

OF_TEXTS = (
    "\t=1+1",
    "\r=1+1",
    "a\nb",
    "a\r\nb",
    "a\n\n# h",
    "a\n\n    code",
    "```\ncode",
    "a  \nb",
    "\u2028=1",
    "x" * 5000,
)
"""What only a text may hold: it has lines."""
