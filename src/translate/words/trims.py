"""What is cut off a text's ends: any of some letters in PostgreSQL, Trino, DuckDB and SQLite, a text as a whole in MySQL."""

ENDS = {"LEADING": ("^{0}+",), "TRAILING": ("{0}+{1}",), "BOTH": ("^{0}+", "{0}+{1}")}


def plain_letters(text):
    """TEXT inside a regular expression."""
    return re.sub(r"([^A-Za-z0-9\x80-\U0010ffff ])", r"\\\1", text)


def cut_off(text, pattern):
    """TEXT without what PATTERN finds."""
    if wanted != "mysql":
        return call("REGEXP_REPLACE", text, pattern, "")
    pattern = "(?-i)" + pattern
    return filled("CASE WHEN _1 REGEXP _2 THEN _3 ELSE _1 END", [text, exp.Literal.string(pattern), call("REGEXP_REPLACE", text, pattern, "")]) # 8.0.15 ends where there is none


def trimmed(node):
    """TRIM(TRAILING 'ab' FROM x), rtrim(x, 'ab'); of one letter they are the same."""
    if type(node) is exp.Anonymous and node.name.upper() == "BTRIM" and len(node.expressions) == 2:
        node = exp.Trim(this=node.expressions[0].copy(), expression=node.expressions[1].copy(), position="BOTH")
    if not isinstance(node, exp.Trim) or node.args.get("expression") is None or node.meta.get("made") or (source == "mysql") == (wanted == "mysql"):
        return None
    letters = node.expression
    if not is_written(letters):
        return cannot("trim() of what is not written there") if not isinstance(letters, exp.Chr) else None
    text = str(letters.this)
    was_read(letters)
    if len(text) == 1:
        return None
    if not text:
        return node.this.copy()
    many = f"[{plain_letters(text)}]" if wanted == "mysql" else f"(?:{plain_letters(text)})"
    if wanted == "mysql":
        return cut_off(node.this, "|".join(ENDS[(node.args.get("position") or "BOTH").upper()]).format(many, "\\z"))
    out = node.this.copy()
    for form in ENDS[(node.args.get("position") or "BOTH").upper()]:
        out = cut_off(out, form.format(many, "$" if wanted == "postgres" else "\\z"))
    return out
