def draw(thing, path, **options): raise RuntimeError("stub until view lands")
