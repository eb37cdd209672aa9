'use strict';
(() => {
  const page = document.documentElement;
  addEventListener('error', (event) => { page.dataset.error = event.message; });

  // What the program wrote. Names from there become text and attributes, never markup.
  const data = JSON.parse(document.getElementById('data').textContent);
  const drawn = data.diagram;
  const tables = data.schema.tables.map((table, index) =>
      ({...table, ...drawn.tables[index], index, out: [], in: []}));
  const relations = drawn.relations.map((relation) => ({...relation}));
  const objects = data.schema.objects;
  const migrations = data.migrations || [];
  const databases = data.databases || [];
  const logs = new Map(Object.entries(data.logs || {}));
  const tableOf = new Map(tables.map((table) => [table.name, table]));
  const migrationOf = new Map(migrations.map((item) => [item.app + '.' + item.name, item]));
  for (const relation of relations) {
    tables[relation.from].out.push(relation);
    tables[relation.to].in.push(relation);
  }

  const hues = 12;
  const appHues = new Map();
  for (const name of [...drawn.groups.map((group) => group.name),
                      ...migrations.map((item) => item.app)]) {
    if (!appHues.has(name)) appHues.set(name, 'hue' + appHues.size % hues);
  }

  // ---- Elements ----------------------------------------------------------------------------

  const byId = (id) => document.getElementById(id);
  const fill = (element, attributes, children) => {
    for (const [key, value] of Object.entries(attributes)) {
      if (value === false || value === undefined) continue;
      if (key === 'text') element.textContent = value;
      else element.setAttribute(key, value === true ? '' : value);
    }
    element.append(...children.filter((child) => child));
    return element;
  };
  const html = (name, attributes = {}, ...children) =>
    fill(document.createElement(name), attributes, children);
  const svg = (name, attributes = {}, ...children) =>
    fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
  const count = (number, what) => number + ' ' + what + (number === 1 ? '' : 's');

  const linkTo = (kind, name) => '#' + kind + '=' + encodeURIComponent(name);
  const tableLink = (name) => tableOf.has(name)
    ? html('a', {href: linkTo('table', name), text: name}) : html('span', {text: name});
  const migrationLink = (name) => migrationOf.has(name)
    ? html('a', {href: linkTo('migration', name), text: name}) : html('span', {text: name});

  // ---- The diagram -------------------------------------------------------------------------

  const diagram = byId('diagram');
  const layers = {};
  const world = svg('g');
  for (const name of ['groups', 'relations', 'tables', 'lit', 'front', 'labels']) {
    world.append(layers[name] = svg('g', {class: 'layer-' + name}));
  }
  diagram.append(world);

  /// Where a name may be broken. An area has the name of its app; what is left is that of the model.
  function nameParts(table) {
    const model = (table.model || '').split('.').pop();
    const beginning = drawn.framed ? drawn.groups[table.group].name + '_' : '';
    if (beginning && table.name === beginning + model.toLowerCase()) {
      return model.match(/[A-Z]*[^A-Z]+|[A-Z]+/g);
    }
    const short = table.name.startsWith(beginning) ? table.name.slice(beginning.length) : table.name;
    return short.match(/[^_.]+[_.]*|[_.]+/g) || [table.name];
  }

  /// The name on a few lines, as large as the box allows: for the view from afar.
  function nameLines(table) {
    const [, , width, height] = table.place;
    const words = nameParts(table);
    let best = {size: 0, lines: words};
    for (let limit = 1; limit <= words.length; ++limit) {
      const per = Math.ceil(words.length / limit);
      const lines = [];
      for (let i = 0; i < words.length; i += per) lines.push(words.slice(i, i + per).join(''));
      const longest = Math.max(...lines.map((line) => [...line].length));
      const size = Math.min(44, (width - 12) / longest / 0.7, (height - 8) / lines.length / 1.12);
      if (size > best.size) best = {size, lines};
    }
    const top = height / 2 - best.lines.length * best.size * 0.56;
    return svg('text', {class: 'lines', style: 'font-size:' + best.size.toFixed(1) + 'px'},
               ...best.lines.map((line, i) => svg('tspan', {
                 x: width / 2, y: (top + (i + 0.84) * best.size * 1.12).toFixed(1), text: line})));
  }

  function drawTable(table) {
    const [x, y, width, height] = table.place;
    const top = drawn.header;
    const rows = svg('g', {class: 'rows'});
    table.rows.forEach(([mark, name, type], i) => {
      const at = top + i * drawn.row;
      rows.append(svg('rect', {class: 'hit-row', x: 1, y: at, width: width - 2,
                               height: drawn.row - 1, fill: 'none'}));
      if (mark) rows.append(svg('text', {class: 'mark', x: 8, y: at + 14, text: mark}));
      rows.append(svg('text', {class: 'column', x: table.gutter, y: at + 15, text: name}),
                  svg('text', {class: 'type', x: width - 10, y: at + 15, text: type}));
    });
    table.hue = 'hue' + table.group % hues;
    table.element = svg('g', {class: 'table ' + table.hue, 'data-table': table.name,
                              transform: `translate(${x} ${y})`},
      svg('title', {text: table.name + (table.model ? ' (' + table.model + ')' : '') +
                          (table.comment ? '\n' + table.comment : '')}),
      svg('rect', {class: 'box', width, height, rx: 6}),
      svg('path', {class: 'head',
                   d: `M0 ${top}V6a6 6 0 0 1 6-6H${width - 6}a6 6 0 0 1 6 6V${top}z`}),
      svg('text', {class: 'name', x: 12, y: 20, text: table.name}), rows, nameLines(table));
    table.element.addEventListener('pointerenter', () => { hovered = table; light(); });
    table.element.addEventListener('pointerleave', () => { hovered = null; light(); });
    layers.tables.append(table.element);
  }

  function drawRelation(relation) {
    relation.element = svg('g', {class: 'relation',
                                 'data-from': tables[relation.from].name,
                                 'data-to': tables[relation.to].name},
      svg('title', {text: relation.label}), svg('path', {class: 'hit', d: relation.path}),
      svg('path', {d: relation.path}), svg('path', {class: 'end', d: relation.ends}));
    layers.relations.append(relation.element);
  }

  function drawGroup(group, index) {
    const [x, y, width, height] = group.place;
    group.label = svg('text', {class: 'app', x: x + 28, y: y + 32, text: group.name});
    layers.labels.append(group.label);
    layers.groups.append(svg('g', {class: 'group hue' + index % hues},
      svg('rect', {class: 'area', x, y, width, height, rx: 14})));
  }

  // ---- Where one looks ---------------------------------------------------------------------

  const view = {x: 0, y: 0, scale: 1};
  let home = () => {};  // looks again where the page chose to look; hands take it away
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  let moving = 0;

  function showView() {
    world.setAttribute('transform', `translate(${view.x} ${view.y}) scale(${view.scale})`);
    diagram.classList.toggle('far', view.scale < 0.5);
    if (!drawn.framed) return;
    for (const group of drawn.groups) {
      const [x, y, width] = group.place;
      // As large on the screen from afar as near by, if there is room.
      const letters = Math.max(4, [...group.name].length);
      const size = Math.max(22, Math.min(15 / view.scale, (width - 32) / letters / 0.62, 110));
      group.label.style.fontSize = size + 'px';
      group.label.setAttribute('y', size > 40 ? y - size * 0.2 : y + 32);
      group.label.setAttribute('x', size > 40 ? x : x + 28);
    }
  }

  function moveTo(target, slowly) {
    cancelAnimationFrame(moving);
    if (!slowly || still.matches) {
      Object.assign(view, target);
      return showView();
    }
    const from = {...view};
    const begun = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, (now - begun) / 220));
      const eased = part * (2 - part);
      for (const key of ['x', 'y', 'scale']) {
        view[key] = from[key] + (target[key] - from[key]) * eased;
      }
      showView();
      if (part < 1) moving = requestAnimationFrame(step);
    };
    moving = requestAnimationFrame(step);
  }

  const size = () => [diagram.clientWidth || 800, diagram.clientHeight || 600];
  const least = () => Math.min(0.5, fitted(drawn.place).scale * 0.7);
  const within = (scale) => Math.min(3, Math.max(least(), scale));

  /// The view that has all of a place, no larger than it is.
  function fitted([x, y, width, height], most = 1) {
    const [w, h] = size();
    const scale = Math.min(most, (w - 48) / Math.max(1, width), (h - 64) / Math.max(1, height));
    return {scale, x: (w - width * scale) / 2 - x * scale, y: (h - height * scale) / 2 - y * scale};
  }

  function zoom(factor, [px, py] = size().map((length) => length / 2), slowly = false) {
    const scale = within(view.scale * factor);
    const by = scale / view.scale;
    home = () => {};
    moveTo({scale, x: px - (px - view.x) * by, y: py - (py - view.y) * by}, slowly);
  }

  function pan(x, y) {
    home = () => {};
    moveTo({...view, x: view.x + x, y: view.y + y}, false);
  }

  function lookAt(place, slowly) {
    home = () => moveTo(fitted(place), false);
    moveTo(fitted(place), slowly);
  }

  function centre(table, slowly) {
    const [x, y, width, height] = table.place;
    const [w, h] = size();
    const scale = Math.max(Math.min(0.9, (h - 40) / height), Math.min(view.scale, 1.4), 0.55);
    // A table that is higher than the window is shown from its beginning.
    const middle = height * scale > h - 40 ? y + (h / 2 - 20) / scale : y + height / 2;
    home = () => centre(table, false);
    moveTo({scale, x: w / 2 - (x + width / 2) * scale, y: h / 2 - middle * scale}, slowly);
  }

  /// Moves no farther than a table needs to be seen.
  function reveal(table) {
    const [x, y, width, height] = table.place.map((length) => length * view.scale);
    const [w, h] = size();
    const shift = (from, length, room) =>
      from < 16 ? 16 - from : from + length > room - 16 ? Math.max(16 - from, room - 16 - from - length) : 0;
    pan(shift(x + view.x, width, w), shift(y + view.y, height, h));
  }

  function placeOf(some) {
    const places = some.map((table) => table.place);
    const x = Math.min(...places.map((place) => place[0]));
    const y = Math.min(...places.map((place) => place[1]));
    return [x, y, Math.max(...places.map((place) => place[0] + place[2])) - x,
            Math.max(...places.map((place) => place[1] + place[3])) - y];
  }

  // ---- What is highlighted -----------------------------------------------------------------

  let selected = null;
  let hovered = null;
  let matches = null;  // tables, while something is searched

  function light() {
    const lit = new Set();
    for (const table of [selected, hovered]) {
      if (table) [...table.out, ...table.in].forEach((relation) => lit.add(relation));
    }
    const near = new Set();
    for (const relation of lit) near.add(tables[relation.from]).add(tables[relation.to]);
    for (const relation of relations) {
      const is = lit.has(relation);
      if (is === relation.element.classList.contains('lit')) continue;
      relation.element.classList.toggle('lit', is);
      (is ? layers.lit : layers.relations).append(relation.element);
    }
    const front = new Set(selected ? [selected] : []);
    for (const relation of selected ? [...selected.out, ...selected.in] : []) {
      front.add(tables[relation.from]).add(tables[relation.to]);
    }
    for (const table of tables) {
      const layer = front.has(table) ? layers.front : layers.tables;
      if (table.element.parentNode !== layer) layer.append(table.element);
      table.element.classList.toggle('selected', table === selected);
      table.element.classList.toggle('near', near.has(table) && table !== selected);
      table.element.classList.toggle('match', !!matches && matches.has(table));
    }
    diagram.classList.toggle('focused', !!selected || !!matches);
  }

  // ---- The list and the search -------------------------------------------------------------

  const list = byId('list');
  const search = byId('search');
  const found = byId('found');

  function listEntry(table, why) {
    table.link = html('a', {href: linkTo('table', table.name), text: table.name,
                            'aria-current': table === selected && 'true'},
                      why && html('small', {text: why}));
    return html('li', {}, table.link);
  }

  function showList() {
    list.replaceChildren();
    drawn.groups.forEach((group, index) => {
      const own = tables.filter((table) =>
        table.group === index && (!matches || matches.has(table)));
      if (!own.length) return;
      list.append(html('h2', {}, html('span', {class: 'dot hue' + index % hues}),
                       html('span', {text: group.name}), html('small', {text: own.length})),
                  html('ul', {}, ...own.map((table) =>
                    listEntry(table, matches && matches.get(table)))));
    });
    const more = objects.filter((item) => !words().length || like(item.kind + ' ' + item.name));
    if (more.length) {
      list.append(html('h2', {}, html('span', {text: 'Beside tables'}),
                       html('small', {text: more.length})),
                  html('ul', {}, ...more.map((item) => html('li', {}, html('a', {
                    href: linkTo('object', objects.indexOf(item)),
                    text: item.kind + ' ' + (item.name || item.table || '')})))));
    }
    if (!list.children.length) {
      list.append(html('p', {class: 'none', text: matches ? 'Nothing is named so.' : 'No tables.'}));
    }
  }

  const words = () => search.value.toLowerCase().split(/\s+/).filter((word) => word);
  const like = (text) => {
    const low = text.toLowerCase();
    return words().every((word) => low.includes(word));
  };

  /// True for columns that words of the search mean, which may name the table too.
  const columnLike = (table, column) => like(table.name + ' ' + column.name) &&
    words().some((word) => column.name.toLowerCase().includes(word));

  /// Tables that are meant, each with what of it is, where that is not its name.
  function searchTables() {
    if (!words().length) return null;
    const hits = new Map();
    for (const table of tables) {
      if (like(table.name + ' ' + (table.model || ''))) hits.set(table, '');
    }
    for (const table of tables) {
      const columns = table.columns.filter((column) => columnLike(table, column));
      if (!hits.has(table) && columns.length) {
        hits.set(table, columns.map((column) => column.name).join(', '));
      }
    }
    return hits;
  }

  function markRows() {
    for (const table of tables) {
      const marks = table.element.querySelectorAll('.hit-row');
      table.columns.forEach((column, i) => {
        marks[i].classList.toggle('marked', !!matches && columnLike(table, column));
      });
    }
  }

  function onSearch(slowly) {
    matches = searchTables();
    showList();
    markRows();
    light();
    tellFound();
    markMigrations();
    if (matches && matches.size && !byId('canvas').hidden) {
      lookAt(placeOf([...matches.keys()]), slowly);
    }
  }

  function tellFound() {
    if (!byId('migrations').hidden) {
      const some = migrations.filter((item) => like(item.app + '.' + item.name));
      found.textContent = words().length
        ? some.length + ' of ' + count(migrations.length, 'migration')
        : count(migrations.length, 'migration');
      return;
    }
    found.textContent = matches ? matches.size + ' of ' + count(tables.length, 'table')
                                : count(tables.length, 'table');
  }

  // ---- Details -----------------------------------------------------------------------------

  const details = byId('details');

  function showDetails(title, ...parts) {
    const close = html('button', {class: 'close', 'aria-label': 'Close details', text: '×'});
    close.addEventListener('click', leave);
    details.replaceChildren(close, html('h2', {text: title}), ...parts.filter((part) => part));
    details.hidden = false;
    details.scrollTop = 0;
  }

  const part = (title, items) => items.length
    ? html('section', {}, html('h3', {text: title}), html('ul', {}, ...items)) : null;
  const defined = (item) => html('li', {}, html('strong', {text: item.name || ''}),
                                 html('code', {class: 'definition', text: item.definition}));

  function columnRow(table, column, i) {
    const marks = table.rows[i][0].split(' ').filter((mark) => mark);
    const value = column.generated ? 'generated ' + (column.stored ? 'stored ' : '') + 'as ' + column.generated
      : column.identity ? 'identity ' + column.identity : column.default || '';
    return html('tr', {},
      html('td', {text: column.name}, ...marks.map((mark) =>
             html('abbr', {class: 'badge', title: mark === 'PK' ? 'primary key' : 'foreign key',
                           text: mark})),
           column.comment && html('small', {text: column.comment})),
      html('td', {text: column.type},
           column.collation && html('small', {text: 'collation ' + column.collation})),
      html('td', {text: column.null ? 'null' : 'not null', class: column.null ? 'null faint' : 'null'}),
      html('td', {}, value && html('code', {text: value})));
  }

  function columnsOf(table) {
    const head = ['Column', 'Type', 'Null', 'Default'].map((text) =>
      html('th', {scope: 'col', text}));
    return html('section', {}, html('h3', {text: count(table.columns.length, 'column')}),
      html('table', {}, html('thead', {}, html('tr', {}, ...head)),
           html('tbody', {}, ...table.columns.map((column, i) => columnRow(table, column, i)))));
  }

  function relationItem(relation, other) {
    const key = tables[relation.from].foreign_keys[relation.key];
    const way = key.columns.join(', ') + ' → ' + key.target_columns.join(', ');
    return html('li', {}, tableLink(tables[other].name),
                html('span', {class: 'faint', text: ' by ' + way}),
                html('code', {class: 'definition', text: key.definition}));
  }

  function logItem(entry) {
    return html('li', {}, migrationLink(entry.migration),
                html('ul', {}, ...entry.words.map((text) => html('li', {text}))));
  }

  function showTable(table) {
    const keys = table.primary_key ? [html('li', {},
      html('code', {class: 'definition', text: 'PRIMARY KEY (' + table.primary_key.join(', ') + ')'}))] : [];
    showDetails(table.name,
      html('p', {class: 'faint', text: [drawn.groups[table.group].name, table.model]
        .filter((text) => text).join(' · ')}),
      table.comment && html('p', {text: table.comment}),
      columnsOf(table),
      part('Refers to', table.out.map((relation) => relationItem(relation, relation.to))),
      part('Is referred to by', table.in.map((relation) => relationItem(relation, relation.from))),
      part('Keys', [...keys, ...table.uniques.map(defined)]),
      part('Checks', table.checks.map(defined)),
      part('Exclusions', table.exclusions.map(defined)),
      part('Indexes', table.indexes.map(defined)),
      part('Beside the table', objects.filter((item) => item.table === table.name).map((item) =>
        defined({name: item.kind + ' ' + item.name, definition: item.definition}))),
      data.migrations && (part('History', (logs.get(table.name) || []).map(logItem)) ||
        html('p', {class: 'faint', text: 'No migration makes this table.'})));
  }

  function showObject(item) {
    showDetails(item.name || item.kind,
      html('p', {class: 'faint', text: item.kind + (item.table ? ' on ' + item.table : '')}),
      html('code', {class: 'definition', text: item.definition}));
  }

  // ---- Migrations --------------------------------------------------------------------------

  const rowHeight = 30;

  /// What is known of a migration in a database: a class and words.
  function stateIn(database, item) {
    const name = item.app + '.' + item.name;
    if (database.elsewhere.includes(item.app)) return ['faint', 'lives elsewhere'];
    if (!database.asked) return ['faint', 'not asked'];
    if (!(name in database.applied)) return ['warned', 'not applied'];
    const when = database.applied[name].replace('T', ' ').replace(/(\.\d+)?Z$/, '');
    if (database.edited.includes(name)) return ['warned', '✓ edited since ' + when];
    return ['applied', '✓ ' + (when || 'as what it replaces')];
  }

  const isPending = (item) => {
    const asked = databases.filter((database) =>
      database.asked && !database.elsewhere.includes(item.app));
    return asked.length > 0 && !asked.some((database) => stateIn(database, item)[1][0] === '✓');
  };

  /// Lines of descent from the latest down, each in a lane of its own.
  function lanesOf(newestFirst) {
    const waiting = [];  // what each lane leads to
    const free = () => {
      const at = waiting.findIndex((name) => name === null);
      return at < 0 ? waiting.push(null) - 1 : at;
    };
    const places = new Map();
    const lines = [];
    newestFirst.forEach((item, row) => {
      const name = item.app + '.' + item.name;
      let lane = waiting.indexOf(name);
      if (lane < 0) lane = free();
      waiting.forEach((other, i) => { if (other === name) waiting[i] = null; });
      places.set(name, {lane, row});
      const parents = [...item.parents].sort((a, b) =>
        b.startsWith(item.app + '.') - a.startsWith(item.app + '.'));
      parents.forEach((parent, i) => {
        if (!migrationOf.has(parent)) return;
        let by = waiting.indexOf(parent);
        if (by < 0) by = i === 0 && waiting[lane] === null ? lane : free();
        waiting[by] = parent;
        lines.push({item, from: name, to: parent, by});
      });
    });
    return {places, lines, width: Math.max(1, waiting.length)};
  }

  function drawLanes(newestFirst) {
    const {places, lines, width} = lanesOf(newestFirst);
    const x = (lane) => 10 + lane * 16;
    const y = (row) => (row + 0.5) * rowHeight;
    const picture = svg('svg', {width: width * 16 + 10, height: newestFirst.length * rowHeight,
                                'aria-hidden': 'true'});
    for (const line of lines) {
      const from = places.get(line.from);
      const to = places.get(line.to);
      const half = rowHeight / 2;
      let d = `M${x(from.lane)} ${y(from.row)}`;
      if (line.by !== from.lane) {
        d += `C${x(from.lane)} ${y(from.row) + half} ${x(line.by)} ${y(from.row) + half} ` +
             `${x(line.by)} ${y(from.row + 1)}`;
      }
      if (line.by !== to.lane) {
        d += `L${x(line.by)} ${y(to.row - 1)}C${x(line.by)} ${y(to.row) - half} ` +
             `${x(to.lane)} ${y(to.row) - half} ${x(to.lane)} ${y(to.row)}`;
      } else {
        d += `L${x(to.lane)} ${y(to.row)}`;
      }
      picture.append(svg('path', {d, class: appHues.get(line.item.app)}));
    }
    for (const item of newestFirst) {
      const place = places.get(item.app + '.' + item.name);
      picture.append(svg('circle', {cx: x(place.lane), cy: y(place.row), r: 5.5,
        class: appHues.get(item.app) + (isPending(item) ? ' pending' : '')}));
    }
    return {picture, width: width * 16 + 18};
  }

  function migrationRow(item, indent) {
    const name = item.app + '.' + item.name;
    const link = html('a', {href: linkTo('migration', name), text: name});
    const cells = databases.length ? databases.map((database) => {
      const [kind, text] = stateIn(database, item);
      return html('td', {class: kind, text});
    }) : [html('td', {class: 'faint', text: 'not asked'})];
    item.row = html('tr', {'data-migration': name},
      html('td', {style: 'padding-left:' + indent + 'px'}, link),
      ...cells, html('td', {}, html('span', {class: 'does', text: item.operations.join('; ')})));
    item.row.addEventListener('click', (event) => {
      if (event.target !== link) link.click();
    });
    return item.row;
  }

  function summary() {
    if (!databases.length) return 'No database was asked what is applied.';
    return databases.map((database) => {
      const own = migrations.filter((item) => !database.elsewhere.includes(item.app));
      if (!database.asked) return database.name + ': not asked';
      const done = own.filter((item) => (item.app + '.' + item.name) in database.applied).length;
      const lost = database.unknown.length
        ? '; without a file: ' + database.unknown.join(', ') : '';
      return database.name + ': ' + done + ' of ' + own.length + ' applied' + lost;
    }).join(' · ');
  }

  function showMigrations() {
    const place = byId('migrations');
    if (!migrations.length) {
      place.append(html('p', {text: data.migrations ? 'There are no migrations yet.'
                                                    : 'No project was read, so no migrations are known.'}));
      return;
    }
    const newestFirst = [...migrations].reverse();
    const {picture, width} = drawLanes(newestFirst);
    const names = databases.length ? databases.map((database) => database.name) : ['Applied'];
    const head = html('tr', {}, html('th', {scope: 'col', text: 'Migration',
                                            style: 'padding-left:' + width + 'px'}),
                      ...names.map((text) => html('th', {scope: 'col', text})),
                      html('th', {scope: 'col', text: 'What it does'}));
    const body = html('tbody', {}, ...newestFirst.map((item) => migrationRow(item, width)));
    const table = html('table', {}, html('thead', {}, head), body);
    place.append(html('p', {text: summary()}), html('div', {class: 'history'}, table, picture));
    placeLanes = () => { picture.style.top = body.offsetTop + 'px'; };
  }
  let placeLanes = () => {};  // where the rows are, once they are shown

  function markMigrations() {
    for (const item of migrations) {
      item.row.classList.toggle('unlike', words().length > 0 && !like(item.app + '.' + item.name));
    }
  }

  function tablesOf(name) {
    const touched = [];
    for (const [table, entries] of logs) {
      for (const entry of entries) {
        if (entry.migration === name) touched.push({table, words: entry.words});
      }
    }
    return touched;
  }

  function showMigration(item) {
    const name = item.app + '.' + item.name;
    const children = migrations.filter((other) => other.parents.includes(name));
    showDetails(name,
      part('What it does', item.operations.map((text) => html('li', {text}))),
      part('Tables', tablesOf(name).map(({table, words: told}) => html('li', {}, tableLink(table),
        html('ul', {}, ...told.map((text) => html('li', {text})))))),
      part('Applied', databases.map((database) => {
        const [kind, text] = stateIn(database, item);
        return html('li', {}, html('span', {text: database.name + ': '}),
                    html('span', {class: kind, text}));
      })),
      part('Comes after', item.parents.map((parent) => html('li', {}, migrationLink(parent)))),
      part('Comes before', children.map((child) =>
        html('li', {}, migrationLink(child.app + '.' + child.name)))),
      part('Takes the place of', (item.replaces || []).map((text) => html('li', {text}))));
  }

  // ---- The address is what is shown --------------------------------------------------------

  let clicked = false;  // in the diagram, where nothing should jump away

  function wanted() {
    const [kind, ...rest] = location.hash.slice(1).split('=');
    let name = rest.join('=');
    try {
      name = decodeURIComponent(name);
    } catch {
      // As it stands.
    }
    return {kind, name};
  }

  function showWanted(slowly) {
    const {kind, name} = wanted();
    const table = kind === 'table' ? tableOf.get(name) : null;
    const item = kind === 'migration' ? migrationOf.get(name) : null;
    const object = kind === 'object' ? objects[name] : null;
    const history = kind === 'migrations' || !!item;
    const moved = byId('migrations').hidden === history;
    byId('migrations').hidden = !history;
    byId('canvas').hidden = history;
    list.hidden = history;
    const [here, there] = ['to-diagram', 'to-migrations'].map(byId);
    (history ? there : here).setAttribute('aria-current', 'page');
    (history ? here : there).removeAttribute('aria-current');
    if (selected && selected.link) selected.link.removeAttribute('aria-current');
    selected = table || null;
    if (table) {
      showTable(table);
      if (table.link) {
        table.link.setAttribute('aria-current', 'true');
        table.link.scrollIntoView({block: 'nearest'});
      }
    } else if (item) {
      showMigration(item);
    } else if (object) {
      showObject(object);
    } else {
      details.hidden = true;
    }
    for (const other of migrations) other.row.classList.toggle('selected', other === item);
    placeLanes();
    if (item) {
      const left = byId('migrations').scrollLeft;
      item.row.scrollIntoView({block: 'nearest'});
      byId('migrations').scrollLeft = left;
    }
    light();
    if (moved) tellFound();
    if (table && clicked) reveal(table);
    if (table && !clicked) centre(table, slowly);
    clicked = false;
  }

  function leave() {
    const history = !byId('migrations').hidden;
    const from = selected && selected.link;
    location.hash = history ? '#migrations' : '#';
    if (from) from.focus({preventScroll: true});
  }

  // ---- Hands -------------------------------------------------------------------------------

  const fingers = new Map();
  let distance = 0;

  diagram.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    if (!fingers.size) distance = 0;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  addEventListener('pointermove', (event) => {
    const was = fingers.get(event.pointerId);
    if (!was) return;
    const is = [event.clientX, event.clientY];
    distance += Math.abs(is[0] - was[0]) + Math.abs(is[1] - was[1]);
    fingers.set(event.pointerId, is);
    if (distance < 5) return;
    diagram.classList.add('dragged');
    if (fingers.size === 1) return pan(is[0] - was[0], is[1] - was[1]);
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const far = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]);
    const box = diagram.getBoundingClientRect();
    zoom(far(is) / Math.max(1, far(was)),
         [(is[0] + other[0]) / 2 - box.left, (is[1] + other[1]) / 2 - box.top]);
  });
  const release = (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) diagram.classList.remove('dragged');
  };
  addEventListener('pointerup', release);
  addEventListener('pointercancel', release);
  diagram.addEventListener('click', (event) => {
    if (distance >= 5) return;
    const element = event.target.closest('.table');
    if (!element) {
      if (selected) leave();
      return;
    }
    clicked = location.hash !== linkTo('table', element.dataset.table);
    location.hash = linkTo('table', element.dataset.table);
  });
  diagram.addEventListener('dblclick', (event) => {
    const element = event.target.closest('.table');
    if (element) centre(tableOf.get(element.dataset.table), true);
  });
  diagram.addEventListener('wheel', (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 24 : 1;
    const box = diagram.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)),
         [event.clientX - box.left, event.clientY - box.top]);
  }, {passive: false});
  byId('zoom-in').addEventListener('click', () => zoom(1.4, undefined, true));
  byId('zoom-out').addEventListener('click', () => zoom(1 / 1.4, undefined, true));
  byId('zoom-fit').addEventListener('click', () => lookAt(drawn.place, true));

  const keys = {
    '+': () => zoom(1.25), '=': () => zoom(1.25), '-': () => zoom(0.8),
    '0': () => lookAt(drawn.place, true),
    ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0),
    ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
  };

  /// Up and down go from entry to entry.
  function moveInList(event) {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    const links = [...list.querySelectorAll('a')];
    const at = links.indexOf(document.activeElement);
    if (!step || (at < 0 && document.activeElement !== search)) return false;
    if (list.hidden || (at < 0 && step < 0)) return false;
    event.preventDefault();
    (links[at + step] || (at + step < 0 ? search : links[at])).focus();
    return true;
  }

  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || moveInList(event)) return;
    if (event.key === 'Escape') {
      if (search.value) {
        search.value = '';
        onSearch(true);
      } else if (!details.hidden) {
        leave();
      } else {
        document.activeElement.blur();
      }
      return event.preventDefault();
    }
    if (document.activeElement === search) return;
    if (event.key === '/') {
      search.focus();
      search.select();
      return event.preventDefault();
    }
    const arrows = event.key.startsWith('Arrow');
    if (byId('canvas').hidden || !keys[event.key]) return;
    if (arrows && document.activeElement !== diagram && document.activeElement !== document.body) return;
    event.preventDefault();
    keys[event.key]();
  });
  search.addEventListener('input', () => onSearch(true));
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    if (!byId('migrations').hidden) {
      const first = [...migrations].reverse().find((item) => like(item.app + '.' + item.name));
      if (first) location.hash = linkTo('migration', first.app + '.' + first.name);
    } else if (matches && matches.size) {
      location.hash = list.querySelector('a').getAttribute('href');
    }
  });
  addEventListener('hashchange', () => showWanted(true));
  new ResizeObserver(() => home()).observe(byId('canvas'));

  // ---- Begin -------------------------------------------------------------------------------

  drawn.groups.forEach((group, index) => drawn.framed && drawGroup(group, index));
  relations.forEach(drawRelation);
  tables.forEach(drawTable);
  if (!tables.length) byId('canvas').append(html('p', {class: 'empty', text: 'There are no tables.'}));
  showMigrations();
  showList();
  tellFound();
  lookAt(drawn.place, false);
  showWanted(false);
  page.dataset.ready = 'yes';
})();
