#!/usr/bin/env python3
"""The work of turnstone_bench_orm in Django and SQLAlchemy, from the distribution's packages.

Usage: rivals.py django|sqlalchemy insert|read|points|flush sqlite|postgresql ADDRESS ROWS

ADDRESS is a file, or a URL of PostgreSQL. The tables are there, and for `read` and `points` their
rows. Prints one line; ends with 1 where a package is missing."""

import random
import resource
import sys
import time

library, work, dialect, address, rows = sys.argv[1:]
rows = int(rows)


def lacking(error):
    print(f"{dialect}: {library}: not measured, {error}", flush=True)
    sys.exit(1)


def texts(i):
    return {
        "name": f"Item number {i * 7919 % 1000003}",
        "quantity": i * 31 % 10007,
        "weight": i % 997 * 0.125,
        "active": i % 3 != 0,
        "note": f"a note on item {i}" if i % 2 == 0 else None,
    }


def some_keys():
    random.seed(7)
    count = max(1000, rows // 5) if dialect == "sqlite" else 10000
    return [random.randint(1, rows) for _ in range(min(count, 20000))]


def tree(shelf, book, chapter):
    """The objects of a flush, in the order they are made."""
    for i in range(rows):
        if i % 100 == 0:
            last_shelf = shelf(f"Number {i}")
            yield last_shelf
        elif i % 10 == 1:
            last_book = book(f"Number {i}", last_shelf)
            yield last_book
        else:
            yield chapter(f"Number {i}", last_book)


def django_work():
    try:
        import django
        from django.conf import settings

        if dialect == "postgresql":
            import psycopg2
    except ImportError as error:
        lacking(error)
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": address}
    if dialect == "postgresql":
        options = psycopg2.extensions.parse_dsn(address)
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": options["dbname"],
            "USER": options.get("user", ""),
            "PASSWORD": options.get("password", ""),
            "HOST": options.get("host", ""),
            "PORT": options.get("port", ""),
        }
    settings.configure(DATABASES={"default": database}, USE_TZ=True)
    django.setup()
    from django.db import connection, models, transaction

    class Item(models.Model):
        id = models.BigAutoField(primary_key=True)
        name = models.CharField(max_length=60)
        quantity = models.IntegerField()
        weight = models.FloatField()
        active = models.BooleanField()
        note = models.TextField(null=True)

        class Meta:
            app_label = "bench"
            db_table = "bench_item"

    class Shelf(models.Model):
        id = models.BigAutoField(primary_key=True)
        name = models.CharField(max_length=60)

        class Meta:
            app_label = "bench"
            db_table = "bench_shelf"

    class Book(models.Model):
        id = models.BigAutoField(primary_key=True)
        title = models.CharField(max_length=60)
        shelf = models.ForeignKey(Shelf, models.CASCADE)

        class Meta:
            app_label = "bench"
            db_table = "bench_book"

    class Chapter(models.Model):
        id = models.BigAutoField(primary_key=True)
        title = models.CharField(max_length=60)
        book = models.ForeignKey(Book, models.CASCADE)

        class Meta:
            app_label = "bench"
            db_table = "bench_chapter"

    connection.ensure_connection()
    if dialect == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")

    def insert():
        items = [Item(**texts(i)) for i in range(rows)]
        start = time.perf_counter()
        Item.objects.bulk_create(items)
        return start, rows

    def read():
        start = time.perf_counter()
        return start, len(list(Item.objects.all()))

    def points():
        keys = some_keys()
        start = time.perf_counter()
        for key in keys:
            Item.objects.get(pk=key)
        return start, len(keys)

    def flush():
        start = time.perf_counter()
        with transaction.atomic():  # Django has no session: a save each
            for one in tree(
                lambda text: Shelf(name=text),
                lambda text, shelf: Book(title=text, shelf=shelf),
                lambda text, book: Chapter(title=text, book=book),
            ):
                one.save()
        return start, rows

    return f"Django {django.get_version()}", {
        "insert": insert,
        "read": read,
        "points": points,
        "flush": flush,
    }


def sqlalchemy_work():
    try:
        import sqlalchemy as sa
        from sqlalchemy import orm

        if dialect == "postgresql":
            import psycopg2
    except ImportError as error:
        lacking(error)
    base = orm.declarative_base()

    class Item(base):
        __tablename__ = "bench_item"
        id = sa.Column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
        name = sa.Column(sa.String(60), nullable=False)
        quantity = sa.Column(sa.Integer, nullable=False)
        weight = sa.Column(sa.Float, nullable=False)
        active = sa.Column(sa.Boolean, nullable=False)
        note = sa.Column(sa.Text)

    class Shelf(base):
        __tablename__ = "bench_shelf"
        id = sa.Column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
        name = sa.Column(sa.String(60), nullable=False)

    class Book(base):
        __tablename__ = "bench_book"
        id = sa.Column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
        title = sa.Column(sa.String(60), nullable=False)
        shelf_id = sa.Column(sa.ForeignKey("bench_shelf.id"), nullable=False)
        shelf = orm.relationship(Shelf)

    class Chapter(base):
        __tablename__ = "bench_chapter"
        id = sa.Column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
        title = sa.Column(sa.String(60), nullable=False)
        book_id = sa.Column(sa.ForeignKey("bench_book.id"), nullable=False)
        book = orm.relationship(Book)

    url = "sqlite:///" + address
    creator = {}
    if dialect == "postgresql":
        url = "postgresql+psycopg2://"
        creator = {"creator": lambda: psycopg2.connect(address)}
    engine = sa.create_engine(url, **creator)
    if dialect == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def settings(connection, _):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")

    engine.connect().close()
    session = orm.Session(engine)

    def insert():
        items = [Item(**texts(i)) for i in range(rows)]
        start = time.perf_counter()
        session.bulk_save_objects(items)
        session.commit()
        return start, rows

    def read():
        start = time.perf_counter()
        return start, len(session.query(Item).all())

    def points():
        keys = some_keys()
        start = time.perf_counter()
        for key in keys:
            session.get(Item, key)
            session.expunge_all()
        return start, len(keys)

    def flush():
        session.add_all(
            tree(
                lambda text: Shelf(name=text),
                lambda text, shelf: Book(title=text, shelf=shelf),
                lambda text, book: Chapter(title=text, book=book),
            )
        )
        start = time.perf_counter()
        session.commit()
        return start, rows

    return f"SQLAlchemy {sa.__version__}", {
        "insert": insert,
        "read": read,
        "points": points,
        "flush": flush,
    }


name, works = django_work() if library == "django" else sqlalchemy_work()
start, count = works[work]()
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{dialect}: {name}: {work} of {count} rows: {seconds:.3f} s (peak {peak:.1f} MiB)", flush=True)
