extension DashboardPage {
    /// The screens, and the address that says which is on show.
    static let scriptScreens = #"""
        // Part 5: screens. Each builds its frame once and then keeps it true; `view` is the one on show.

        let view = {};
        const SCREENS = { overview: ['Overview', 'o'], withdrawals: ['Withdrawals', 'w'], wallets: ['Wallets', 'a'],
          connections: ['Connections', 'c'], ledger: ['Ledger', 'l'], audit: ['Audit', 'u'], lanes: ['Lanes', 'n'] };

        function frame(title, ...children) {
          document.title = title + ' · Coffer';
          $('main').replaceChildren(el('h1', { tabindex: '-1' }, title), ...children.flat().filter(Boolean));
        }

        const link = (href, text, kind) => el('a', { href, class: kind }, text);
        const idLink = (screen, id) => link('#/' + screen + '/' + encodeURIComponent(id), id, 'mono');
        const userLink = (user) => link('#/withdrawals?user_id=' + encodeURIComponent(user), user);
        const instant = (at) => [utc(at), ' · ', ago(at)];
        const yesNo = (value) => (value ? 'yes' : 'no');
        const badge = (text, kind) => el('span', { class: 'pill ' + kind }, text);

        const showDenied = (place) => fill(place, 0, () => panel('', 'This key may not read this: it lacks system:read.'));

        // Loads for the view that asked and shows a refusal in its place; null when refused or no longer on show.
        async function load(mine, place, action) {
          try {
            const answer = await action();
            if (mine !== view) return null;
            place.replaceChildren();
            return answer;
          } catch (error) {
            const isShown = !(error instanceof Gone) && !(error instanceof Outdated);
            if (mine === view && isShown) place.replaceChildren(refusal(error));
            return null;
          }
        }

        // A screen with filters, a table and further pages. Filters are [label, name, control]; the name is the query
        // parameter of the API and of the deep link.
        function listing(mine, title, { path, columns, filters = [], fixed = {}, isNewestFirst, before = [], ...options }) {
          const place = el('div', {}), known = new Map(), rows = table(title, columns, (item) => item.id, options);
          let cursor = null, isGrown = false;
          const chosen = () => Object.fromEntries(filters.map(([, name, control]) => [name, control.value.trim()]));
          const draw = () => {
            const items = [...known.values()].sort(oldestFirst);
            rows.show(isNewestFirst ? items.reverse() : items);
          };
          const take = (page, isFirst) => {
            learn(page.data);
            // Connections have topics, which do not sort by time.
            for (const item of page.data) item.id ??= item.created_at + item.topic;
            if (isFirst) {
              // It replaces what lies in its span; what was loaded beyond stays.
              const last = page.has_more ? page.data[page.data.length - 1].id : null;
              for (const id of known.keys()) {
                if (last === null || (isNewestFirst ? id >= last : id <= last)) known.delete(id);
              }
            }
            for (const item of page.data) known.set(item.id, item);
            draw();
            if (isFirst && isGrown) return;
            cursor = page.next_cursor;
            more.hidden = !page.has_more;
          };
          const more = button('Load more', (control) => run(control, place, async () => {
            const page = await get(path, { ...fixed, ...chosen(), limit: 50, cursor });
            if (mine !== view) return;
            isGrown = true;
            take(page, false);
          }));
          more.hidden = true;
          mine.refresh = async () => {
            const asked = chosen(), page = await load(mine, place, () => get(path, { ...fixed, ...asked, limit: 50 }));
            if (page && JSON.stringify(asked) === JSON.stringify(chosen())) take(page, true);
          };
          const search = () => {
            const jump = Object.values(chosen()).find((text) => /^wd_[0-9A-Z]{26}$/.test(text));
            if (jump) { location.hash = '#/withdrawals/' + jump; return; }
            const text = new URLSearchParams(Object.entries(chosen()).filter(([, value]) => value)).toString();
            history.replaceState(null, '', '#/' + title.toLowerCase() + (text ? '?' + text : ''));
            known.clear();
            isGrown = false;
            refresh();
          };
          for (const [, , control] of filters) if (control.tagName === 'SELECT') control.addEventListener('change', search);
          const form = filters.length ? el('form', { class: 'row', on: { submit: (event) => {
            event.preventDefault();
            search();
          } } }, filters.map(([label, , control]) => field(label, control)), el('button', {}, 'Filter')) : null;
          frame(title, before, form, place, panel('', rows.node), more);
          refresh();
          return { known, draw: throttled(150, () => { if (mine === view) draw(); }) };
        }
        const searchField = (query, name, placeholder) => el('input', { type: 'search', maxlength: '128', placeholder,
          value: query.get(name), 'data-filter': true });

        // Overview

        function showOverview() {
          const mine = view;
          const tiles = el('div', { class: 'tiles' }), frozen = el('div', {}), bars = el('div', {});
          const chains = table('Chains', [
            ['Chain', (chain) => mono(chain.id)],
            ['State', (chain) => (chain.healthy ? badge('healthy', 'good') : badge('not answering', 'bad'))],
            ['Head', (chain) => chain.head ?? '–', 'num'],
            ['Age', (chain) => (Number.isInteger(chain.head_age_seconds) ? duration(chain.head_age_seconds) : '–'), 'num'],
            ['Nodes', (chain) => chain.nodes ?? '–', 'num'],
          ], (chain) => chain.id, { empty: 'No chain is configured.', isQuiet: true });
          frame('Overview', tiles, frozen, el('div', { class: 'split' },
            panel('', el('h2', {}, 'Withdrawals by state'), bars), panel('', el('h2', {}, 'Chains'), chains.node)));
          const tile = (name, value, more, kind = '') => el('div', { class: 'tile' }, el('div', { class: 'name' }, name),
            el('div', { class: 'value ' + kind }, value), el('div', { class: 'more' }, more));
          mine.onStatus = () => {
            if (isStatusDenied) return showDenied(tiles);
            if (!status) return;
            const counts = status.withdrawals || {}, rate = perMinute(samples);
            const working = OPEN_STATES.reduce((sum, state) => sum + (counts[state] || 0), 0);
            const spark = growth(samples, samples[samples.length - 1].t, 5000, 60);
            fill(tiles, [{ ...status, chains: 0, lanes: 0, time: 0 }, rate, spark], () => [
              status.sealed ? tile('Keystore', 'SEALED', 'nothing is signed', 'bad') : tile('Keystore', 'Open', 'signing', 'good'),
              tile('Mode', status.mode, status.mode === 'dev' ? 'for development only' : 'production',
                status.mode === 'dev' ? 'warn' : ''),
              tile('Running for', duration(status.uptime_seconds), 'version ' + status.version),
              tile('In progress', String(working), 'withdrawals without an end yet'),
              tile('Waiting for the disk', String(status.storage?.queued_units ?? '–'), 'units of work'),
              el('div', { class: 'tile wide' }, el('div', { class: 'name' }, 'Confirmed per minute'),
                el('div', { class: 'value' }, rate === null ? '–' : rate < 10 ? rate.toFixed(1) : String(Math.round(rate))),
                sparkline(spark), el('div', { class: 'more' }, 'the last five minutes, as this page saw them')),
            ]);
            const stuck = (status.lanes || []).filter((lane) => lane.frozen_reason);
            fill(frozen, stuck, () => stuck.length > 0 && panel('bad', el('h2', {}, stuck.length === 1
              ? 'A lane is frozen: it signs nothing' : stuck.length + ' lanes are frozen: they sign nothing'),
            stuck.map((lane) => el('p', {}, link('#/lanes', lane.lane, 'mono'), ' – ',
              el('b', { class: 'bad' }, lane.frozen_reason), ' (' + lane.queued + ' queued)'))));
            chains.show(status.chains || []);
            fill(bars, counts, () => barChart(counts));
          };
          mine.onStatus();
        }

        // Two scales: thousands that ended well must not hide the three that are stuck.
        function barChart(counts) {
          const group = (title, states) => {
            const top = Math.max(1, ...states.map((state) => counts[state] || 0));
            return [el('h3', {}, title), states.map((state) => {
              const count = counts[state] || 0, width = count ? Math.max(1.2, 100 * count / top) + '%' : '0';
              return [link('#/withdrawals?state=' + state, words(state)), svg('svg', { 'aria-hidden': 'true' },
                svg('rect', { class: 'track', width: '100%', height: '12', rx: '3' }),
                svg('rect', { class: tone(state), width, height: '12', rx: '3' })), el('b', {}, String(count))];
            })];
          };
          return el('div', { class: 'bars' }, group('In progress', OPEN_STATES), group('Ended', FINAL_STATES));
        }

        function sparkline(values) {
          const top = Math.max(1, ...values);
          return svg('svg', { viewBox: '0 0 240 34', preserveAspectRatio: 'none', role: 'img',
            'aria-label': 'Confirmed in spans of five seconds' },
          svg('rect', { class: 'track', y: 33, width: 240, height: 1 }), values.map((value, index) => {
            const height = Math.max(1, 33 * value / top);
            return value ? svg('rect', { x: index * 4, y: 33 - height, width: 3, height }) : null;
          }));
        }

        // Withdrawals

        function showWithdrawals(query) {
          const mine = view, state = choice([...OPEN_STATES, ...FINAL_STATES], query.get('state'), 'every state');
          const list = listing(mine, 'Withdrawals', { path: '/v1/withdrawals', isNewestFirst: true, filters: [
            ['State', 'state', state],
            ['User, or id of a withdrawal', 'user_id', searchField(query, 'user_id', 'user-1 or wd_01J…')],
          ], columns: [
            ['State', (item) => [pill(item.state),
              item.cancel_requested && !FINAL_STATES.includes(item.state) ? el('small', {}, ' cancel asked') : null]],
            ['Amount', (item) => money(item.amount, item.asset)], ['To', (item) => mono(item.to)],
            ['User', (item) => mono(item.user_id)], ['Withdrawal', (item) => idLink('withdrawals', item.id)],
            ['Changed', (item) => ago(item.updated_at)],
          ], href: (item) => '#/withdrawals/' + item.id, empty: 'No withdrawal matches.' });
          mine.onEvent = (type, data) => {
            if (!type.startsWith('withdrawal.')) return;
            const item = list.known.get(data.id), now = new Date(Date.now() + clockOffset).toISOString();
            if (item && data.state && item.state !== data.state) {
              list.known.set(data.id, { ...item, state: data.state, updated_at: now });
              if (state.value && state.value !== data.state) list.known.delete(data.id);
              list.draw();
            }
            refreshSoon();
          };
        }

        function showWithdrawal(id) {
          const mine = view, path = '/v1/withdrawals/' + encodeURIComponent(id), json = jsonPanel();
          const place = el('div', {}), facts = el('div', {}), line = el('div', {});
          const attempts = table('Attempts', [
            ['Transaction', (item) => copied(item.transaction_hash, 'transaction hash')],
            ['Purpose', (item) => words(item.purpose)], ['Nonce', (item) => item.nonce, 'num'],
            ['Fee cap', (item) => twice(units(item.max_fee_per_gas, 9) + ' gwei', item.max_fee_per_gas + ' wei'), 'num'],
            ['Tip cap', (item) => twice(units(item.max_priority_fee_per_gas, 9) + ' gwei',
              item.max_priority_fee_per_gas + ' wei'), 'num'],
            ['Signed', (item) => ago(item.created_at)], ['Sent', (item) => ago(item.sent_at)],
          ], (item) => item.transaction_hash, { empty: 'Nothing was signed for it.' });
          frame('Withdrawal', el('p', {}, link('#/withdrawals', '← All withdrawals')), place, el('div', { class: 'split' },
            panel('', facts), panel('', el('h2', {}, 'Timeline'), line)),
          panel('', el('h2', {}, 'Attempts'), attempts.node), json.node);
          mine.refresh = async () => {
            const found = await load(mine, place, () =>
              Promise.all([get(path), get(path + '/events'), get(path + '/attempts')]));
            if (!found) return;
            const [item, { data: events }, { data: signed }] = found;
            learn([item]);
            fill(facts, [item, assetName(item.asset)], () => withdrawalFacts(item, path));
            fill(line, events, () => timeline(events));
            attempts.show(signed);
            json.show({ withdrawal: item, events, attempts: signed });
          };
          mine.onEvent = (type, data) => { if (data.id === id) refreshSoon(); };
          refresh();
        }

        function withdrawalFacts(item, path) {
          const canCancel = !FINAL_STATES.includes(item.state) && !item.cancel_requested;
          return [el('div', { class: 'head' }, el('h2', {}, pill(item.state)),
            canCancel ? button('Cancel…', () => askCancel(item, path), 'danger') : null), fields([
            ['Id', copied(item.id, 'id')], ['Amount', money(item.amount, item.asset)],
            ['Base units', copied(item.amount, 'amount in base units')], ['Asset', copied(item.asset, 'asset')],
            ['Decimals', item.decimals ?? 'not known'], ['To', copied(item.to, 'recipient')],
            ['User', userLink(item.user_id)], ['Wallet', idLink('wallets', item.wallet_id)],
            ['Reference', item.reference], ['Reason', item.reason], ['Cancel asked', yesNo(item.cancel_requested)],
            ['Nonce', item.nonce], ['Block', item.block_number],
            ['Transaction', item.transaction_hash && copied(item.transaction_hash, 'transaction hash')],
            ['Created', instant(item.created_at)], ['Changed', instant(item.updated_at)],
            ['In the books', link('#/ledger?subject=' + encodeURIComponent(item.id), 'movements')],
          ])];
        }

        function timeline(events) {
          if (!events.length) return el('p', { class: 'muted' }, 'Nothing yet.');
          return el('ol', { class: 'line' }, events.map((event, index) => {
            const name = event.type.split('.').pop(), before = events[index - 1];
            const passed = before ? (Date.parse(event.at) - Date.parse(before.at)) / 1000 : null;
            const more = Object.entries(event.data || {}).filter(([name]) => name !== 'id' && name !== 'state');
            return el('li', { class: tone(name) }, el('div', {}, el('b', {}, words(name)), ' ',
              passed === null ? null : el('small', {}, '+' + (passed < 60 ? passed.toFixed(3) + ' s' : duration(passed)))),
            el('div', {}, el('small', {}, utc(event.at) + ' · event ' + event.sequence)),
            more.map(([name, value]) => el('div', {}, el('small', {}, words(name) + ': '),
              mono(typeof value === 'string' ? value : JSON.stringify(value)))));
          }));
        }

        function askCancel(item, path) {
          ask('Cancel this withdrawal', [['Amount', money(item.amount, item.asset)], ['To', mono(item.to)],
            ['User', item.user_id], ['Id', mono(item.id)]], UNSIGNED_STATES.includes(item.state)
            ? 'Nothing is signed for it yet: it is taken back at once and the amount is free again.'
            : 'It may be signed or sent already. A transaction that pays nobody then competes for its nonce, and the ' +
              'chain decides which of the two counts.', async () => {
            const answer = await api('POST', path + ':cancel');
            return answer.state === 'cancelled' ? 'It is cancelled.' : 'Asked. The chain will decide.';
          });
        }

        function openDialog(label, ...children) {
          const dialog = el('dialog', { 'aria-label': label, on: { close: () => dialog.remove() } }, children);
          document.body.append(dialog);
          dialog.showModal();
          return dialog;
        }

        // Asks before something that can't be taken back; `act` answers what to say when it is done.
        function ask(what, about, consequence, act) {
          const fault = el('div', {}), close = () => dialog.close();
          const dialog = openDialog(what, el('h2', {}, what + '?'), fields(about), el('p', {}, consequence), fault,
            el('div', { class: 'row' }, button('Go back', close), button(what, (control) => run(control, fault, async () => {
              const words = await act();
              close();
              say(words);
              refresh();
            }), 'danger')));
        }

        // Wallets

        function showWallets(query) {
          listing(view, 'Wallets', { path: '/v1/wallets', before: [newWallet()], filters: [
            ['User', 'user_id', searchField(query, 'user_id')],
          ], columns: [
            ['User', (item) => mono(item.user_id)], ['Label', (item) => el('span', { class: 'any' }, item.label || '–')], ['Chain', (item) => mono(item.chain)],
            ['Address', (item) => mono(item.address)],
            ['Use', (item) => [item.active ? badge('active', 'good') : null, ' ', item.shared ? badge('shared', '') : null]],
            ['Wallet', (item) => idLink('wallets', item.id)],
          ], href: (item) => '#/wallets/' + item.id, empty: 'No wallet yet.' });
        }

        function newWallet() {
          const chains = (status?.chains || []).map((chain) => chain.id), fault = el('div', {});
          const input = (properties) => el('input', { maxlength: '128', autocomplete: 'off', ...properties });
          const user = input({ required: true }), label = input(), shared = el('input', { type: 'checkbox' });
          const chain = chains.length ? choice(chains) : input({ required: true, placeholder: 'eip155:1' });
          const submit = el('button', { class: 'first' }, 'Create wallet');
          const create = async () => {
            const wallet = await api('POST', '/v1/wallets', { user_id: user.value.trim(), chain: chain.value.trim(),
              label: label.value.trim() || undefined, shared: shared.checked || undefined });
            say('The wallet is made.');
            location.hash = '#/wallets/' + wallet.id;
          };
          return el('details', { class: 'panel' }, el('summary', {}, 'New wallet'), el('form', { class: 'row', on: {
            submit: (event) => { event.preventDefault(); run(submit, fault, create); },
          } }, field('User', user), field('Chain', chain), field('Label (may be empty)', label),
          el('label', { class: 'check' }, shared, 'Shared: pays for every user'), submit), fault);
        }

        function showWallet(id) {
          const mine = view, path = '/v1/wallets/' + encodeURIComponent(id), json = jsonPanel();
          const place = el('div', {}), facts = el('div', {});
          const rows = table('Balances', [
            ['Asset', (item) => [el('b', {}, item.symbol || ''), ' ', mono(item.asset)]],
            ...[['On the chain', 'on_chain'], ['Booked', 'booked'], ["User's", 'user_balance'], ['Held', 'user_held'],
              ['Available', 'user_available']].map(([name, part]) => [name, (item) => money(item[part], item.asset), 'num']),
          ], (item) => item.asset, { empty: 'No asset is listed on this chain.' });
          frame('Wallet', el('p', {}, link('#/wallets', '← All wallets')), place, panel('', facts),
            panel('', el('h2', {}, 'Balances'), rows.node, el('p', { class: 'muted' },
              "The user's amounts count all of the user's wallets.")), json.node);
          mine.refresh = async () => {
            const found = await load(mine, place, () => Promise.all([get(path), get(path + '/balances')]));
            if (!found) return;
            const [item, { data: balances }] = found;
            learn(balances);
            fill(facts, item, () => fields([['Address', copied(item.address, 'address')], ['Id', copied(item.id, 'id')],
              ['User', userLink(item.user_id)], ['Chain', copied(item.chain, 'chain')],
              ['Key', copied(item.key_id, 'key id')], ['Label', item.label], ['Active', yesNo(item.active)],
              ['Shared', yesNo(item.shared)], ['Created', instant(item.created_at)]]));
            rows.show(balances);
            json.show({ wallet: item, balances });
          };
          mine.onEvent = (type) => { if (/^deposit\.|\.confirmed$/.test(type)) refreshSoon(); };
          refresh();
        }

        // Ledger and audit

        // A "verify now" button with its report.
        function verifier(mine, path, report) {
          const place = el('div', {});
          return [el('div', { class: 'row' }, button('Verify now', (control) => run(control, place, async () => {
            const found = await api('POST', path);
            if (mine === view) place.replaceChildren(report(found));
          }), 'first')), place];
        }

        function showLedger(query) {
          const mine = view, subject = query.get('subject');
          const amount = (name, part) => [name, (item) => money(item[part], item.asset), 'num'];
          const before = verifier(mine, '/v1/ledger:verify', ledgerReport);
          if (subject) {
            listing(mine, 'Ledger', { path: '/v1/ledger/entries', fixed: { subject }, before: [...before,
              el('p', {}, 'Movements of ', mono(subject), ' · ', link('#/ledger', 'all accounts'))], columns: [
              ['Kind', (item) => words(item.kind)], amount('Amount', 'amount'), ['Debit', (item) => mono(item.debit_account)],
              ['Credit', (item) => mono(item.credit_account)], ['Reference', (item) => el('span', { class: 'any' }, item.reference || '–')],
              ['At', (item) => utc(item.at)],
            ] });
          } else {
            listing(mine, 'Ledger', { path: '/v1/ledger/accounts', before, filters: [
              ['Kind', 'kind', choice(['user', 'wallet', 'fees', 'suspense'], query.get('kind'), 'every kind')],
              ['Owner', 'owner', searchField(query, 'owner')],
            ], columns: [
              ['Kind', (item) => words(item.kind)], ['Owner', (item) => mono(item.owner)], amount('Balance', 'balance'),
              amount('Held', 'held'), amount('Available', 'available'), ['Account', (item) => mono(item.id)],
            ] });
          }
          mine.onEvent = refreshSoon;
        }

        function ledgerReport(found) {
          const totals = table('Totals', [['Asset', (item) => mono(item.asset)],
            ...['Debits', 'Credits', 'Held'].map((name) => [name, (item) => money(item[name.toLowerCase()], item.asset), 'num']),
          ], (item) => item.asset, { empty: 'The books are empty.' });
          totals.show(found.totals);
          return panel(found.balanced ? 'good' : 'bad', el('h2', { role: 'status' }, found.balanced ? 'The books balance.'
            : 'THE BOOKS DO NOT BALANCE.'), found.problems.map((problem) => el('p', { class: 'bad' }, problem)),
          el('p', {}, `Counted again: ${found.accounts} accounts, ${found.transfers} movements, ${found.open_holds} open holds.`),
          totals.node);
        }

        function auditReport(found) {
          return panel(found.intact ? 'good' : 'bad', el('h2', { role: 'status' }, found.intact ? 'The log is whole.'
            : 'THE LOG IS BROKEN at entry ' + found.first_bad + '.'), found.reason && el('p', { class: 'bad' }, found.reason),
          el('p', {}, 'Entry ' + found.head.sequence + ' is the newest. Keep its hash elsewhere: ',
            copied(found.head.hash, 'hash')));
        }

        function showAudit() {
          const mine = view, place = el('div', {}), known = new Map();
          const [bar, report] = verifier(mine, '/v1/audit:verify', auditReport);
          const rows = table('Audit log', [
            ['No.', (item) => item.sequence, 'num'], ['At', (item) => utc(item.at)], ['Who', (item) => mono(item.actor)],
            ['What', (item) => item.action], ['On', (item) => mono(item.object)], ['Details', (item) => mono(item.details)],
            ['Hash', (item) => [el('span', { class: 'mono', title: item.hash }, item.hash.slice(0, 12) + '…'),
              copyButton(item.hash, 'hash')]],
          ], (item) => item.sequence, { empty: 'No entry yet.' });
          // The listing is oldest first. A cursor names the entry before the page, so the head's number leads to the newest.
          const after = async (sequence) => {
            const cursor = btoa('audit:' + Math.max(0, sequence)).replaceAll('=', '');
            const page = await get('/v1/audit', { limit: 50, cursor });
            if (mine !== view) return;
            for (const item of page.data) known.set(item.sequence, item);
            rows.show([...known.values()].sort((a, b) => b.sequence - a.sequence));
            older.hidden = known.size === 0 || Math.min(...known.keys()) <= 1;
          };
          const older = button('Load older', (control) => run(control, place, () => after(Math.min(...known.keys()) - 51)));
          older.hidden = true;
          frame('Audit', bar, report, place, panel('', rows.node), older);
          mine.refresh = () => load(mine, place, async () => {
            if (known.size) return after(Math.max(...known.keys()));
            const found = await api('POST', '/v1/audit:verify');
            if (mine === view) report.replaceChildren(auditReport(found));
            return after(found.head.sequence - 50);
          });
          mine.onEvent = refreshSoon;
          refresh();
        }

        // Lanes

        function showLanes() {
          const mine = view, place = el('div', {}), note = el('div', {});
          const rows = table('Lanes', [
            ['Lane', (item) => copied(item.lane, 'lane')],
            ['State', (item) => (item.frozen_reason ? [badge('FROZEN', 'bad'), ' ', el('b', { class: 'bad' }, item.frozen_reason)]
              : badge('working', 'good'))],
            ['Next nonce', (item) => item.next_nonce, 'num'], ['Open slots', (item) => item.open_slots, 'num'],
            ['Queued', (item) => item.queued, 'num'], ['Wallet', (item) => idLink('wallets', item.wallet_id)],
          ], (item) => item.lane, { empty: 'No wallet has paid yet.', isQuiet: true });
          frame('Lanes', el('p', { class: 'muted' }, 'A lane is one wallet on one chain: its nonces go out in order.'),
            note, place, panel('', rows.node));
          mine.onStatus = () => {
            if (isStatusDenied) return showDenied(place);
            if (!status) return;
            const lanes = [...status.lanes].sort((a, b) => Boolean(b.frozen_reason) - Boolean(a.frozen_reason));
            fill(note, [lanes.some((lane) => lane.frozen_reason), lanes.length >= 100], ([isFrozen, isCut]) => [
              isFrozen && panel('bad', el('p', {}, 'A frozen lane signs nothing until somebody has compared the chain, the ' +
                'guard and the database, and lets it go on with ', el('code', {}, 'coffer guard unfreeze'), '.')),
              isCut && el('p', { class: 'warn' }, 'The server lists 100 lanes at most; there may be more.')]);
            rows.show(lanes);
          };
          mine.onStatus();
        }

        // Part 6: where we are.

        function route() {
          const given = keyInFragment(location.hash);
          if (location.hash.startsWith('#key=')) {
            history.replaceState(null, '', location.pathname + location.search + '#/overview');
            if (given) return signIn(given);
          }
          if (key === null) return showSignIn('');
          const { screen, id, query } = parseRoute(location.hash);
          view = {};
          closeDialogs();
          for (const item of $('nav').children) {
            if (item.getAttribute('href') === '#/' + screen) item.setAttribute('aria-current', 'page');
            else item.removeAttribute('aria-current');
          }
          const shows = { withdrawals: id ? showWithdrawal : showWithdrawals, wallets: id ? showWallet : showWallets,
            connections: id ? showConnection : showConnections, ledger: showLedger, audit: showAudit, lanes: showLanes };
          (Object.hasOwn(shows, screen) ? shows[screen] : showOverview)(id || query);
          $('main').querySelector('h1').focus({ preventScroll: true });
          scrollTo(0, 0);
        }

        // "g" and a letter goes to a screen, "/" to the filter; off at a click, for those whose software types for them.
        function shortcuts() {
          let isOn = true, isGoing = false;
          $('shortcuts').addEventListener('click', () => {
            isOn = !isOn;
            $('shortcuts').setAttribute('aria-pressed', String(isOn));
          });
          addEventListener('keydown', (event) => {
            const isTyping = event.target.closest?.('input, select, textarea, dialog');
            if (!isOn || isTyping || event.ctrlKey || event.metaKey || event.altKey || key === null) return;
            const filter = event.key === '/' && document.querySelector('[data-filter]');
            if (filter) { event.preventDefault(); filter.focus(); }
            const found = isGoing && Object.keys(SCREENS).find((name) => SCREENS[name][1] === event.key);
            if (found) location.hash = '#/' + found;
            isGoing = event.key === 'g';
          });
        }

        function start() {
          for (const [name, [title]] of Object.entries(SCREENS)) $('nav').append(link('#/' + name, title));
          $('signout').addEventListener('click', () => signOut(''));
          $('skip').addEventListener('click', (event) => { event.preventDefault(); $('main').focus(); });
          addEventListener('hashchange', route);
          document.addEventListener('visibilitychange', () => { if (!document.hidden) { wake(); refresh(); } });
          setInterval(() => {
            for (const node of document.querySelectorAll('time')) node.textContent = age(node.dateTime);
          }, 1000);
          // How a page stays true without the stream, and heals with it.
          setInterval(() => { if (!document.hidden && goneSince === null) refresh(); }, 5000);
          shortcuts();
          const kept = store.read();
          if (kept !== null && !location.hash.startsWith('#key=')) signIn(kept);
          else route();
        }

        if (typeof document !== 'undefined') start();

        """#
}
