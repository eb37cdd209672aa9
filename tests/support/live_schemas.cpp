#include "support/live_schemas.h"

namespace turnstone::test {

std::string unmanaged_sql(const std::string& dialect) {
  if (dialect == "sqlite") {
    return R"(
CREATE TABLE country (code CHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL UNIQUE);
CREATE TABLE author (
  id INTEGER PRIMARY KEY,
  name varchar(100) NOT NULL COLLATE NOCASE,
  country_code CHAR(2) REFERENCES country (code) ON DELETE SET NULL ON UPDATE CASCADE,
  born DATE,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  CHECK (length(name) > 0)
);
CREATE TABLE profile (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  author_id INTEGER NOT NULL UNIQUE REFERENCES author (id) ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED,
  notes TEXT CHECK (JSON_VALID(notes) OR notes IS NULL)
);
CREATE TABLE book (
  id INTEGER PRIMARY KEY,
  title varchar(200) NOT NULL DEFAULT 'untitled',
  isbn varchar(13) UNIQUE,
  price DECIMAL(10, 2) NOT NULL DEFAULT 9.99 CONSTRAINT price_positive CHECK (price >= 0),
  pages integer unsigned NOT NULL CHECK (pages >= 0),
  author INTEGER NOT NULL REFERENCES author (id),
  sequel_of_id INTEGER REFERENCES book (id) ON DELETE SET NULL,
  net DECIMAL(10, 2) GENERATED ALWAYS AS (price * 0.9) STORED,
  made DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  shape GEOMETRY,
  UNIQUE (title, author)
);
CREATE INDEX book_by_author ON book (author);
CREATE INDEX book_cheap ON book (price DESC, title) WHERE price < 5;
CREATE UNIQUE INDEX book_title_ci ON book (lower(title), isbn);
CREATE TABLE tag (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL);
CREATE UNIQUE INDEX tag_label ON tag (label);
CREATE TABLE book_tag (
  book_id INTEGER NOT NULL REFERENCES book (id), tag_id INTEGER NOT NULL REFERENCES tag (id),
  PRIMARY KEY (book_id, tag_id)
);
)";
  }
  return R"(
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE country (code char(2) PRIMARY KEY, name varchar(80) NOT NULL UNIQUE);
CREATE TABLE author (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL CHECK (length(name) > 0),
  country_code char(2) REFERENCES country (code) ON DELETE SET NULL ON UPDATE CASCADE,
  born date,
  active boolean NOT NULL DEFAULT true,
  current_mood mood DEFAULT 'happy'
);
COMMENT ON TABLE author IS 'who writes';
COMMENT ON COLUMN author.name IS 'as on the cover';
CREATE TABLE profile (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT profile_key PRIMARY KEY,
  author_id integer NOT NULL UNIQUE REFERENCES author ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED,
  notes jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE book (
  id bigserial PRIMARY KEY,
  title varchar(200) NOT NULL DEFAULT 'untitled',
  isbn varchar(13) UNIQUE,
  price numeric(10, 2) NOT NULL DEFAULT 9.99 CONSTRAINT price_positive CHECK (price >= 0),
  pages integer NOT NULL CHECK (pages >= 0),
  author integer NOT NULL REFERENCES author,
  sequel_of_id bigint REFERENCES book ON DELETE SET NULL DEFERRABLE,
  net numeric(10, 2) GENERATED ALWAYS AS (price * 0.9) STORED,
  made timestamptz NOT NULL DEFAULT now(),
  words text[] NOT NULL DEFAULT '{}',
  sold daterange,
  offset_minutes real,
  UNIQUE (title, author)
);
CREATE INDEX book_by_author ON book (author);
CREATE INDEX book_cheap ON book (price DESC, title) WHERE price < 5;
CREATE INDEX book_words ON book USING gin (words) WITH (fastupdate = off);
CREATE INDEX book_made ON book (made DESC NULLS LAST) INCLUDE (title);
CREATE UNIQUE INDEX book_title_ci ON book (lower(title), isbn);
ALTER TABLE book ADD CONSTRAINT book_sold_apart EXCLUDE USING gist (sold WITH &&)
  WHERE (sold IS NOT NULL);
CREATE TABLE tag (id bigserial PRIMARY KEY, label text NOT NULL);
CREATE UNIQUE INDEX tag_label ON tag (label);
CREATE TABLE book_tag (
  book_id bigint NOT NULL REFERENCES book, tag_id bigint NOT NULL REFERENCES tag,
  PRIMARY KEY (book_id, tag_id)
);
)";
}

std::string odd_names_sql(const std::string& dialect) {
  const std::string key = dialect == "sqlite" ? "INTEGER PRIMARY KEY" : "bigserial PRIMARY KEY";
  const std::string integer = dialect == "sqlite" ? "INTEGER" : "bigint";
  const std::string long_name(63, 'n');
  return "CREATE TABLE \"say \"\"hi\"\" now\" (\"Id\" " + key +
         ", \"the \"\"word\"\"\" varchar(20) NOT NULL DEFAULT 'it''s \"so\"');\n"
         "CREATE TABLE \"Order\" (\"select\" " +
         key +
         ", \"class\" integer, \"Größe\" integer, "
         "\"a__b\" text, \"_x_\" text, \"Mixed Case\" varchar(5), \"mixed_case\" varchar(5),\n"
         "  \"from\" " +
         integer +
         " REFERENCES \"say \"\"hi\"\" now\" (\"Id\"),\n"
         "  CONSTRAINT \"Check \"\"it\"\"\" CHECK (\"class\" > 0 AND \"Mixed Case\" <> 'a\"b'));\n"
         "CREATE INDEX \"Index of \"\"Größe\"\"\" ON \"Order\" (\"Größe\", \"class\");\n"
         "CREATE TABLE \"таблица\" (id " +
         key +
         ", \"имя\" varchar(10), \"год\" integer);\n"
         "CREATE TABLE \"" +
         long_name + "\" (\"" + std::string(63, 'k') + "\" " + key + ", \"" + std::string(60, 'r') +
         "_id\" " + integer + " REFERENCES \"" + long_name +
         "\");\n"
         "CREATE INDEX \"" +
         std::string(63, 'i') + "\" ON \"" + long_name + "\" (\"" + std::string(60, 'r') +
         "_id\", \"" + std::string(63, 'k') + "\");\n";
}

}  // namespace turnstone::test
