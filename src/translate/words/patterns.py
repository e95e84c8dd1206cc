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


def with_ends_of_words(tree):
    if (source == "postgres") == (wanted == "postgres"):
        return
    for node in tree.walk():
        called_so = type(node) is exp.Anonymous and node.name.upper() in CALLED_WITH_PATTERN and len(node.expressions) > 1
        pattern = node.expressions[1] if called_so else node.args.get("expression") if kind_of(node) in WITH_PATTERN else None
        if isinstance(pattern, exp.Literal) and pattern.is_string and "\\" in str(pattern.this):
            new = ends_of_words(str(pattern.this))
            if new != str(pattern.this):
                pattern.set("this", new)
