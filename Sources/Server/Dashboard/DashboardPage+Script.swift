extension DashboardPage {
    /// The page's script; to be sent as `text/javascript; charset=utf-8`.
    ///
    /// One classic script, in this order: values and elements, the server, connections, the other screens. It starts itself where
    /// there is a document, and only declares its functions where there is none, so that they can be checked alone. Data
    /// becomes text nodes and attribute values, never markup; there is no `eval` and no inline code.
    public static let script = scriptValues + scriptServer + scriptConnections + scriptScreens

    /// Values in, values out; then elements, tables and controls.
    private static let scriptValues = #"""
        'use strict';

        // Part 1: values in, values out. Nothing here needs a page.

        const OPEN_STATES = ['accepted', 'validating', 'awaiting_approval', 'queued', 'signing', 'signed', 'broadcast',
          'unknown', 'mined'];
        const FINAL_STATES = ['confirmed', 'rejected', 'cancelled', 'failed'];
        // Nothing can be signed yet in these, so taking back needs no transaction.
        const UNSIGNED_STATES = ['accepted', 'validating', 'awaiting_approval', 'queued'];

        function tone(state) {
          if (state === 'confirmed' || state === 'active') return 'good';
          if (state === 'failed' || state === 'rejected') return 'bad';
          return ['unknown', 'awaiting_approval', 'cancelled', 'expired', 'disconnected'].includes(state) ? 'warn' : '';
        }

        const words = (name) => String(name).replaceAll('_', ' ');

        // Base units as units, by moving the point in the text: amounts are wider than numbers here.
        function units(amount, decimals) {
          if (!Number.isInteger(decimals) || decimals < 0 || !/^-?[0-9]+$/.test(amount)) return null;
          const sign = amount.startsWith('-') ? '-' : '';
          const digits = amount.slice(sign.length).padStart(decimals + 1, '0');
          const whole = digits.slice(0, digits.length - decimals).replace(/^0+(?=[0-9])/, '');
          const part = digits.slice(digits.length - decimals).replace(/0+$/, '');
          return sign + whole + (part ? '.' + part : '');
        }

        function duration(seconds) {
          const s = Math.max(0, Math.floor(seconds));
          if (s < 60) return s + ' s';
          if (s < 3600) return Math.floor(s / 60) + ' min';
          if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
          return Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h';
        }

        function parseRoute(hash) {
          const text = hash.replace(/^#\/?/, '');
          const cut = text.indexOf('?');
          const path = (cut < 0 ? text : text.slice(0, cut)).split('/').filter(Boolean).map((part) => {
            try { return decodeURIComponent(part); } catch { return part; }
          });
          return { screen: path[0] || 'overview', id: path[1] || null,
            query: new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1)) };
        }

        // The key of a one-time link, or null. Only characters that may stand in a header.
        function keyInFragment(hash) {
          const found = /^#key=([!-%'-~]+)/.exec(hash);
          if (!found) return null;
          try {
            const key = decodeURIComponent(found[1]);
            return /^[!-~]+$/.test(key) ? key : null;
          } catch { return null; }
        }

        // Doubles up to 15 seconds, give or take a half, so that many pages don't come back at once.
        const backoff = (attempt, random) => Math.min(15000, 500 * 2 ** Math.min(attempt, 10)) * (0.5 + random);

        // Server-sent events (WHATWG HTML, 9.2.6) from pieces of text that may end anywhere.
        function eventReader(emit) {
          const sizeMax = 1 << 20;
          let buffer = '', afterReturn = false, size = 0, id = '', type = '', data = [];
          const line = (text) => {
            if (text === '') {
              if (data.length) emit({ id, type: type || 'message', data: data.join('\n') });
              type = ''; data = []; size = 0;
              return;
            }
            const colon = text.indexOf(':');
            const name = colon < 0 ? text : text.slice(0, colon);
            const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
            if (name === 'event') type = value;
            else if (name === 'id' && !value.includes('\0')) id = value;
            else if (name === 'data') { data.push(value); size += value.length; }
            if (size > sizeMax) throw new Error('an event is too long');
          };
          return (piece) => {
            buffer += piece;
            while (buffer) {
              if (afterReturn && buffer.startsWith('\n')) buffer = buffer.slice(1);
              afterReturn = false;
              const end = buffer.search(/[\r\n]/);
              if (end < 0) break;
              afterReturn = buffer[end] === '\r';
              const text = buffer.slice(0, end);
              buffer = buffer.slice(end + 1);
              line(text);
            }
            if (buffer.length > sizeMax) throw new Error('a line is too long');
          };
        }

        // How much a count grew in each of the last `number` spans, from samples {t, n} in the order of time;
        // evenly between two samples, null where nothing is known.
        function growth(samples, now, span, number) {
          const at = (t) => {
            const after = samples.findIndex((sample) => sample.t >= t);
            if (after < 0 || (after === 0 && samples[0].t > t)) return null;
            const b = samples[after];
            if (b.t === t) return b.n;
            const a = samples[after - 1];
            return a.n + (b.n - a.n) * (t - a.t) / (b.t - a.t);
          };
          return Array.from({ length: number }, (_, index) => {
            const to = at(now - (number - 1 - index) * span), from = at(now - (number - index) * span);
            return to === null || from === null ? null : to - from;
          });
        }

        // Growth in a minute, over the last minute or as long as there are samples; null before two seconds are known.
        function perMinute(samples) {
          const last = samples[samples.length - 1];
          const first = samples.find((sample) => last.t - sample.t <= 61000);
          if (!last || !first || last.t - first.t < 2000) return null;
          return (last.n - first.n) * 60000 / (last.t - first.t);
        }

        // Ids of one kind sort by the time of their making.
        const oldestFirst = (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

        // Part 2: elements. Text from the server becomes text nodes and attribute values, never markup.

        const $ = (id) => document.getElementById(id);

        function set(node, properties, children) {
          for (const [name, value] of Object.entries(properties || {})) {
            if (name === 'on') for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
            else if (value === true) node.setAttribute(name, '');
            else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
          }
          node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
          return node;
        }
        const el = (name, properties, ...children) => set(document.createElement(name), properties, children);
        const svg = (name, properties, ...children) =>
          set(document.createElementNS('http://www.w3.org/2000/svg', name), properties, children);

        // Builds a region anew when its data changed; the focus stays on the same control.
        const seen = new WeakMap();
        function fill(region, data, build) {
          const mark = JSON.stringify(data);
          if (seen.get(region) === mark) return;
          seen.set(region, mark);
          const name = (node) => node.getAttribute('href') || node.getAttribute('aria-label') || node.textContent;
          const focused = region.contains(document.activeElement) ? name(document.activeElement) : null;
          region.replaceChildren(...[build(data)].flat(3).filter(Boolean));
          if (focused === null) return;
          const again = [...region.querySelectorAll('a, button, summary')].find((node) => name(node) === focused);
          if (again) again.focus({ preventScroll: true });
        }

        // A table of columns [name, cell of an item, class]. Rows are kept by key and only what changed is touched, so that
        // a selection or a focus elsewhere stays.
        function table(label, columns, key, options = {}) {
          const body = el('tbody', { role: 'rowgroup' });
          const node = el('table', { 'aria-label': label, role: 'table' },
            el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, columns.map(([name, , kind]) =>
              el('th', { role: 'columnheader', scope: 'col', class: kind }, name)))), body);
          const empty = el('p', { class: 'muted' }, options.empty || 'Nothing here.');
          const rows = new Map();
          let isFirst = true;
          const make = (item) => {
            const href = options.href && options.href(item);
            return el('tr', { role: 'row', class: href ? 'open' : null, on: href ? { click: (event) => {
              if (!event.target.closest('a, button') && !String(getSelection())) location.hash = href;
            } } : {} }, columns.map(([name, cell, kind]) =>
              el('td', { role: 'cell', 'data-name': name, class: kind }, el('span', {}, cell(item)))));
          };
          const show = (items) => {
            const wanted = new Set(items.map(key));
            for (const [id, row] of rows) if (!wanted.has(id)) { row.node.remove(); rows.delete(id); }
            let place = body.firstChild;
            for (const item of items) {
              // A name that was learnt later makes the row another one.
              const id = key(item), mark = JSON.stringify(item) + assetName(item.asset), old = rows.get(id);
              let row = old;
              if (!old || old.mark !== mark) {
                row = { mark, node: make(item) };
                if (!isFirst && !options.isQuiet) row.node.classList.add('fresh');
                rows.set(id, row);
                if (old) {
                  const had = old.node.contains(document.activeElement);
                  if (place === old.node) place = row.node;
                  old.node.replaceWith(row.node);
                  if (had) row.node.querySelector('a, button')?.focus({ preventScroll: true });
                }
              }
              if (row.node === place) place = place.nextSibling;
              else body.insertBefore(row.node, place);
            }
            isFirst = false;
            node.hidden = items.length === 0;
            empty.hidden = items.length > 0;
          };
          return { node: el('div', {}, node, empty), show };
        }

        function copyButton(text, what) {
          return el('button', { type: 'button', class: 'copy', 'aria-label': 'Copy ' + what, on: { click: async () => {
            const value = typeof text === 'function' ? text() : text;
            try {
              await navigator.clipboard.writeText(value);
            } catch {
              // Without HTTPS there is no clipboard interface; the old way still works.
              const area = el('textarea', { readonly: true });
              area.value = value;
              (document.querySelector('dialog[open]') || document.body).append(area);
              area.select();
              document.execCommand('copy');
              area.remove();
            }
            say('Copied ' + what + '.');
          } } }, 'Copy');
        }

        let sayTimer;
        function say(text) {
          $('say').textContent = text;
          clearTimeout(sayTimer);
          sayTimer = setTimeout(() => { $('say').textContent = ''; }, 4000);
        }

        function jsonPanel() {
          const text = el('pre', { tabindex: '0' });
          return { node: el('details', { class: 'panel' }, el('summary', {}, 'JSON'),
            el('p', {}, copyButton(() => text.textContent, 'JSON')), text),
          show: (value) => { text.textContent = JSON.stringify(value, null, 2); } };
        }

        const pill = (state) => el('span', { class: 'pill ' + tone(state) }, words(state));
        const mono = (text) => el('span', { class: 'mono' }, text);
        const copied = (text, what) => [mono(text), copyButton(text, what)];
        const utc = (at) => String(at).replace('T', ' ').replace('Z', ' UTC');

        // How long ago, kept true by a ticker; the full time on hover.
        let clockOffset = 0;
        const age = (at) => duration((Date.now() + clockOffset - Date.parse(at)) / 1000) + ' ago';
        const ago = (at) => (at ? el('time', { datetime: at, title: utc(at) }, age(at)) : '–');

        // Decimals and symbols as the server told them, by asset.
        const assets = new Map();
        function learn(items) {
          for (const item of items) {
            if (!Number.isInteger(item.decimals)) continue;
            const known = assets.get(item.asset) || {};
            assets.set(item.asset, { decimals: item.decimals, symbol: item.symbol || known.symbol });
          }
        }
        function assetName(asset) {
          const known = assets.get(asset), [kind, reference = ''] = String(asset).split('/').pop().split(':');
          if (known?.symbol) return known.symbol;
          if (kind === 'slip44') return 'native coin';
          return reference.length > 14 ? reference.slice(0, 8) + '…' + reference.slice(-4) : reference || asset;
        }
        const twice = (first, second, title) => el('span', { class: 'amount', title }, el('b', {}, first),
          el('small', {}, second));
        function money(amount, asset) {
          if (amount === null || amount === undefined) return 'no answer';
          const text = units(amount, assets.get(asset)?.decimals);
          return text === null ? twice(amount, 'base units of ' + assetName(asset), asset)
            : twice(text + ' ' + assetName(asset), amount + ' base\u00a0units', asset);
        }

        const fields = (list) => el('dl', {}, list.map(([name, value]) =>
          [el('dt', {}, name), el('dd', {}, value === null || value === undefined || value === '' ? '–' : value)]));
        const panel = (kind, ...children) => el('section', { class: 'panel ' + kind }, children);
        const field = (label, control) => el('label', {}, label, control);
        const choice = (values, chosen, all) => el('select', {}, all ? el('option', { value: '' }, all) : null,
          values.map((value) => el('option', { value, selected: value === chosen }, words(value))));
        const button = (text, act, kind) =>
          el('button', { type: 'button', class: kind, on: { click: (event) => act(event.currentTarget) } }, text);

        // Runs an action with its button off meanwhile; a refusal is shown in `place`.
        async function run(control, place, action) {
          if (control.disabled) return;
          control.disabled = true;
          place.replaceChildren();
          try { await action(); } catch (error) { place.replaceChildren(refusal(error)); }
          control.disabled = false;
        }

        """#
}
