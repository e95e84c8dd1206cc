"""UPDATE and DELETE of MySQL read no table inside that they change, unless it is a copy (error 1093)."""

ALL = "18446744073709551615" # a LIMIT, so that it is a copy, which the optimizer does not take apart


def copy_of(table):
    inner = exp.Table(**{key: value.copy() for key, value in table.args.items() if key in ("this", "db", "catalog") and value is not None})
    rows = exp.select("*").from_(inner).limit(exp.Literal.number(ALL))
    return exp.Subquery(this=rows, alias=exp.TableAlias(this=called_as(table)), joins=table.args.get("joins"))


def copies_of_own_rows(change):
    if source == "mysql" or not isinstance(change, (exp.Delete, exp.Update)) or not isinstance(change.this, exp.Table):
        return
    name, shadowed = change.this.name.lower(), {cte.alias.lower() for cte in change.find_all(exp.CTE)}
    for table in list(change.find_all(exp.Table)) if name not in shadowed else []:
        if table.name.lower() == name and table.db.lower() == change.this.db.lower() and table.find_ancestor(exp.Select) is not None:
            table.replace(copy_of(table))
