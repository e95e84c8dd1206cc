"""From Trino."""


def trino_source(node):
    if type(node) is exp.Anonymous and node.name.upper() == "CODEPOINT" and len(node.expressions) == 1:
        return exp.Unicode(this=node.expressions[0].copy())
    if type(node) is exp.Anonymous and node.name.upper() == "EVERY" and len(node.expressions) == 1:
        return exp.LogicalAnd(this=node.expressions[0].copy())
    if isinstance(node, exp.Cast) and wanted == "duckdb" and node.to.this == TYPE.TIMESTAMP and node.to.expressions:
        return exp.cast(node.this.copy(), "timestamp")
    return node
