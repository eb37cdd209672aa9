#!/bin/bash
# Usage: compile_time.sh [COMPILER [BUILD_FOLDER]]
# What Turnstone costs those who build with it, on one core, the least of three: the umbrella header
# beside an empty file (at most 1.5 s), and a program with 20 models and 50 queries (at most 15 s;
# linked too where the folder of a build is given).
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
compiler=${1:-g++}
build=${2:+$(realpath "$2")}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
flags=(-std=c++20)
for part in core drivers migrations cli; do flags+=("-I$top/$part/include"); done

# seconds COMMAND…: processor time of the quickest of three runs.
seconds() {
  local run
  for run in 1 2 3; do
    { TIMEFORMAT='%U %S'; time taskset -c 0 "$@" >/dev/null; } 2>&1
  done | awk '{t = $1 + $2; if (NR == 1 || t < least) least = t} END {printf "%.2f", least}'
}
minus() { awk "BEGIN {printf \"%.2f\", $1 - $2}"; }

cd "$folder"
: >empty.cpp
echo '#include <turnstone/turnstone.h>' >umbrella.cpp
echo '#include <turnstone/orm.h>' >orm.cpp
for how in "-fsyntax-only" "-c -O0 -o /dev/null" "-c -O2 -o /dev/null"; do
  empty=$(seconds "$compiler" "${flags[@]}" $how empty.cpp)
  umbrella=$(seconds "$compiler" "${flags[@]}" $how umbrella.cpp)
  orm=$(seconds "$compiler" "${flags[@]}" $how orm.cpp)
  echo "$compiler ${how%% -o*}: <turnstone/turnstone.h> $(minus "$umbrella" "$empty") s (at most 1.50), <turnstone/orm.h> $(minus "$orm" "$empty") s"
done

# 20 models of 8 members, each with a key of the one before it.
{
  echo '#include <turnstone/turnstone.h>'
  echo 'namespace large {'
  for i in {1..20}; do
    echo "struct Model$i {"
    echo "  std::int64_t id{}; std::string name{}; std::optional<std::string> note{}; std::int32_t number = 0;"
    echo "  double weight = 0; bool active = false; turnstone::Decimal price{}; turnstone::DateTime created{};"
    ((i == 1)) || echo "  turnstone::ForeignKey<Model$((i - 1))> parent{};"
    echo "  static void describe(turnstone::Model<Model$i>& m);"
    echo "};"
  done
  echo 'turnstone::App app();'
  echo '}'
} >models.h
{
  echo '#include "models.h"'
  echo 'namespace large {'
  for i in {1..20}; do
    echo "void Model$i::describe(turnstone::Model<Model$i>& m) {"
    echo "  m.field<&Model$i::id>().primary_key(); m.field<&Model$i::name>().max_length(80); m.field<&Model$i::note>();"
    echo "  m.field<&Model$i::number>(); m.field<&Model$i::weight>(); m.field<&Model$i::active>();"
    echo "  m.field<&Model$i::price>().digits(10, 2); m.field<&Model$i::created>().auto_now_add();"
    ((i == 1)) || echo "  m.field<&Model$i::parent>().on_delete(turnstone::CASCADE);"
    echo "}"
  done
  printf 'turnstone::App app() { return turnstone::App("large").models<Model1'
  for i in {2..20}; do printf ', Model%d' "$i"; done
  echo '>(); }'
  echo '}'
} >models.cpp
{
  echo '#include "models.h"'
  echo 'using namespace large; using namespace turnstone;'
  for i in {2..11}; do
    p=$((i - 1))
    echo "std::size_t queries$i(const Database& db) {"
    echo "  auto a = db.objects<Model$i>().filter(F<&Model$i::number> > $i && F<&Model$i::parent, &Model$p::name> == \"a\").all();"
    echo "  auto b = db.objects<Model$i>().exclude(F<&Model$i::name>.icontains(\"x\")).order_by(desc(F<&Model$i::price>)).limit(3).first();"
    echo "  auto c = db.objects<Model$i>().select(F<&Model$i::parent>, count(), sum(F<&Model$i::number>)).all();"
    echo "  auto d = db.objects<Model$i>().filter(F<&Model$i::active> == true).update(F<&Model$i::number>.set(F<&Model$i::number> + 1));"
    echo "  auto e = db.objects<Model$i>().select_related<&Model$i::parent>().filter(\"price__lt\", $i).count();"
    echo "  return a.size() + b.has_value() + c.size() + static_cast<std::size_t>(d + e);"
    echo "}"
  done
  echo 'int main(int argc, char** argv) {'
  echo '  const Database db(argc > 1 ? argv[1] : "sqlite:///large.db", {large::app()});'
  echo '  std::size_t n = 0;'
  for i in {2..11}; do echo "  n += queries$i(db);"; done
  echo '  return n > 1000; }'
} >queries.cpp

for level in -O0 -O2; do
  models=$(seconds "$compiler" "${flags[@]}" $level -c models.cpp -o models.o)
  queries=$(seconds "$compiler" "${flags[@]}" $level -c queries.cpp -o queries.o)
  link=0
  if [[ -n $build ]]; then
    link=$(seconds "$compiler" models.o queries.o -o program -Wl,--start-group "$build"/cli/*.a "$build"/migrations/*.a \
      "$build"/drivers/*.a "$build"/core/*.a -Wl,--end-group -lsqlite3 -lpq -lcrypto -lfmt \
      -lgvc -lcgraph -pthread)
  fi
  echo "$compiler $level: 20 models and 50 queries: models $models s, queries $queries s, link $link s, together $(awk "BEGIN {printf \"%.2f\", $models + $queries + $link}") s (at most 15.00)"
done
