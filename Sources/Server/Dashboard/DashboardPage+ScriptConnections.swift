extension DashboardPage {
    /// The screens about wallets that users connect.
    static let scriptConnections = #"""
        // Connections: wallets of users, over WalletConnect. What a wallet says of itself, nobody has checked.

        const accountsOf = (item) => (item.accounts.length ? item.accounts.map((account) => el('div', {}, mono(account))) : '–');
        const walletName = (item) => el('span', { class: 'any' }, item.wallet?.name || '–');

        function showConnections(query) {
          const mine = view;
          listing(mine, 'Connections', { path: '/v1/connections', before: [newConnection()], filters: [
            ['State', 'state', choice(['pending', 'active', 'expired', 'disconnected'], query.get('state'), 'every state')],
            ['User', 'user_id', searchField(query, 'user_id')],
          ], columns: [
            ['State', (item) => pill(item.state)], ['User', (item) => mono(item.user_id)], ['Wallet', walletName],
            ['Accounts', accountsOf], ['Active', (item) => ago(item.last_active_at)], ['Until', (item) => utc(item.expires_at)],
            ['Connection', (item) => link('#/connections/' + item.topic, item.topic.slice(0, 12) + '…', 'mono')],
          ], href: (item) => '#/connections/' + item.topic, empty: 'No wallet is connected.' });
          mine.onEvent = (type) => { if (type.startsWith('connection.')) refreshSoon(); };
        }

        function newConnection() {
          const fault = el('div', {}), input = (properties) => el('input', { autocomplete: 'off', required: true, ...properties });
          const user = input({ maxlength: '128' }), chains = input({ value: 'eip155:1' });
          const submit = el('button', { class: 'first' }, 'Connect');
          return el('details', { class: 'panel' }, el('summary', {}, 'Connect a wallet'), el('form', { class: 'row', on: {
            submit: (event) => {
              event.preventDefault();
              run(submit, fault, async () => showCode(await api('POST', '/v1/connections', { user_id: user.value.trim(),
                chains: chains.value.split(/[\s,]+/).filter(Boolean) })));
            },
          } }, field('User', user), field('Chains (CAIP-2, with commas)', chains), submit), fault);
        }

        // The code holds the key of the pairing: it is shown to whoever asked for it, and gone with the window.
        async function showCode(pairing) {
          const dialog = openDialog('Scan with a wallet', el('h2', {}, 'Scan with a wallet'),
            el('img', { class: 'code', alt: 'QR code of the address below',
              src: 'data:image/svg+xml,' + encodeURIComponent(pairing.qr_svg) }),
            el('p', {}, 'For ', mono(pairing.user_id), ', until ' + utc(pairing.expires_at)),
            el('p', {}, copied(pairing.uri, 'address')),
            el('div', { class: 'row' }, button('Close', () => dialog.close())));
          refresh();
          while (dialog.isConnected) {
            await pause(1500);
            let found;
            try { found = await get('/v1/connections/' + pairing.pairing_topic); } catch { continue; }
            if (found.state === 'pending') continue;
            dialog.close();
            say(found.state === 'active' ? 'The wallet is connected.' : 'The wallet is not connected: ' + words(found.end?.reason));
            refresh();
          }
        }

        function showConnection(topic) {
          const mine = view, path = '/v1/connections/' + encodeURIComponent(topic), json = jsonPanel();
          const place = el('div', {}), facts = el('div', {}), line = el('div', {});
          frame('Connection', el('p', {}, link('#/connections', '← All connections')), place, el('div', { class: 'split' },
            panel('', facts), panel('', el('h2', {}, 'Timeline'), line)), json.node);
          mine.refresh = async () => {
            const found = await load(mine, place, () => Promise.all([get(path), get(path + '/events')]));
            if (!found) return;
            const [item, { data: events }] = found;
            fill(facts, item, () => connectionFacts(item, path));
            fill(line, events, () => timeline(events));
            json.show({ connection: item, events });
          };
          mine.onEvent = (type, data) => { if (topic === data.topic || topic === data.pairing_topic) refreshSoon(); };
          refresh();
        }

        function connectionFacts(item, path) {
          const end = () => ask('Disconnect this wallet', [['User', item.user_id], ['Wallet', walletName(item)],
            ['Accounts', accountsOf(item)]], 'The wallet is told. To ask it again, the user has to scan a new code.',
          async () => { await api('DELETE', path); return 'It is disconnected.'; });
          return [el('div', { class: 'head' }, el('h2', {}, pill(item.state)),
            ['active', 'pending'].includes(item.state) ? button('Disconnect…', end, 'danger') : null), fields([
            ['Topic', copied(item.topic, 'topic')],
            ['User', link('#/connections?user_id=' + encodeURIComponent(item.user_id), item.user_id)],
            ['Wallet', [walletName(item), ' ', item.wallet && mono(item.wallet.url)]],
            ['Accounts', item.accounts.map((account) => el('div', {}, copied(account, 'account')))],
            ['Chains', item.chains.join(', ')], ['Methods', item.methods.join(', ')], ['Events', item.events.join(', ')],
            ['Created', instant(item.created_at)], ['Active', instant(item.last_active_at)], ['Until', utc(item.expires_at)],
            ['Ended', item.end && words(item.end.reason)], ['Words', item.end?.message],
          ])];
        }

        """#
}
