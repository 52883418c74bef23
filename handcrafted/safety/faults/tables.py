def summary(c): return ", ".join(f"{k} {c.count(k)}" for k in ("masked","safe but different","detected","hazard"))
