"""Regular expressions: the ends of words are \\m, \\M and \\y in PostgreSQL, where \\b is a backspace, and \\b in the others."""

WITH_PATTERN = ("RegexpLike", "RegexpILike", "RegexpReplace", "RegexpExtract", "RegexpExtractAll", "RegexpSubstr", "RegexpCount", "RegexpInstr", "RegexpSplit")
CALLED_WITH_PATTERN = ("REGEXP_MATCH", "REGEXP_MATCHES", "REGEXP_SPLIT_TO_TABLE", "REGEXP_SPLIT_TO_ARRAY", "REGEXP_INSTR", "REGEXP_SUBSTR", "REGEXP_LIKE", "REGEXP_POSITION", "REGEXP_EXTRACT_ALL")


def ends_of_words(text):
    """TEXT, a pattern, as the wanted dialect has it."""
    if wanted == "postgres":
        return re.sub(r"(\\\\)|\\([bB])", lambda found: found[1] or ("\\y" if found[2] == "b" else "\\Y"), text)
    if re.search(r"(?<!\\)(?:\\\\)*\\(?:m(?!\w)|M)", text) and not re.search(r"\w\\M", text):
        cannot("a word's end in a pattern, beside no letter")
    return re.sub(r"(\\\\)|\\([mMyY])", lambda found: found[1] or ("\\B" if found[2] == "Y" else "\\b"), text)


def pattern_of(node):
    """The regular expression, written there, that NODE looks for; None = it looks for none."""
    called_so = type(node) is exp.Anonymous and node.name.upper() in CALLED_WITH_PATTERN and len(node.expressions) > 1
    pattern = node.expressions[1] if called_so else node.args.get("expression") if kind_of(node) in WITH_PATTERN else None
    return pattern if isinstance(pattern, exp.Literal) and pattern.is_string else None


def refused_pattern(pattern):
    """DuckDB's patterns look neither around nor back."""
    text = re.sub(r"\\\\|\[\^?\]?(?:\\.|[^\]\\])*\]", "", str(pattern.this))
    if re.search(r"\(\?<?[=!]|\(\?>|\\[1-9]", text):
        was_read(pattern)
        cannot("a pattern that looks around itself, (?=..), (?!..), (?<..), or back, \\1")


def with_ends_of_words(tree):
    for node in tree.walk():
        pattern = pattern_of(node)
        if pattern is not None and wanted == "duckdb" and source != "duckdb":
            refused_pattern(pattern)
        if pattern is not None and (source == "postgres") != (wanted == "postgres") and "\\" in str(pattern.this):
            new = ends_of_words(str(pattern.this))
            if new != str(pattern.this):
                pattern.set("this", new)
