extension DashboardPage {
    /// One key, one status poll, one event stream that survives restarts; signing in and out.
    static let scriptServer = #"""
        // Part 3: the server. One key, one status poll, one event stream.

        class Refusal extends Error {
          constructor(status, problem) {
            super(problem.detail || problem.title || 'HTTP ' + status);
            Object.assign(this, { status, problem });
          }
        }
        class Gone extends Error {
          constructor() { super('The server did not answer. It may have done it all the same: look before you repeat it.'); }
        }
        class Outdated extends Error {}

        function refusal(error) {
          const problem = error.problem || {};
          return panel('bad', el('p', { role: 'alert' }, el('b', {}, problem.title || 'That did not work.'), ' ',
            error.message === problem.title ? '' : error.message),
          (problem.errors || []).map((fault) =>
            el('p', {}, mono(fault.pointer || fault.parameter || fault.header || ''), ' ', fault.detail)),
          problem.request_id ? el('p', {}, el('small', {}, problem.code + ' · request ' + problem.request_id)) : null);
        }

        const KEY = 'coffer.key';
        let key = null, status = null, isStatusDenied = false, version = null, samples = [];
        // Counts sign-ins and sign-outs, so that what belongs to an earlier one stops.
        let epoch = 0;

        const store = {
          read() { try { return sessionStorage.getItem(KEY); } catch { return null; } },
          write(value) {
            // Without storage the key lives as long as the page.
            try { value === null ? sessionStorage.removeItem(KEY) : sessionStorage.setItem(KEY, value); } catch { }
          },
        };

        async function api(method, path, body, withKey = key) {
          let response, text;
          try {
            response = await fetch(path, {
              method, cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(20000),
              headers: { Accept: 'application/json', Authorization: 'Bearer ' + withKey,
                ...(body ? { 'Content-Type': 'application/json' } : {}) },
              body: body ? JSON.stringify(body) : undefined,
            });
            text = await response.text();
          } catch {
            if (withKey === key) serverGone();
            throw new Gone();
          }
          let answer = {};
          try { answer = text ? JSON.parse(text) : {}; } catch { answer = null; }
          // A proxy in front answers in its own words while the server behind it is gone.
          if ([502, 503, 504].includes(response.status) && !answer?.code) {
            if (withKey === key) serverGone();
            throw new Gone();
          }
          if (withKey === key) serverBack();
          if (response.status === 401) {
            if (key !== null && withKey === key) signOut('The server does not accept this key.');
            throw new Refusal(401, answer || {});
          }
          if (!response.ok) throw new Refusal(response.status, answer || {});
          if (answer === null) throw new Refusal(response.status, { title: 'The answer is not JSON.' });
          if (withKey !== key && key !== null) throw new Outdated();
          return answer;
        }
        const get = (path, query = {}) => {
          const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
          return api('GET', path + (text ? '?' + text : ''));
        };

        // Waits that a returning server, or the reader, can cut short.
        const waiting = new Set();
        function pause(milliseconds) {
          return new Promise((resolve) => {
            const done = () => { clearTimeout(timer); waiting.delete(done); resolve(); };
            const timer = setTimeout(done, milliseconds);
            waiting.add(done);
          });
        }
        const wake = () => { for (const done of [...waiting]) done(); };

        let goneSince = null;
        function serverGone() {
          if (goneSince !== null || key === null) return;
          goneSince = Date.now();
          $('gone').replaceChildren('The server does not answer since ' + new Date(goneSince).toLocaleTimeString() +
            '. What you see is from before. Trying again…', button('Try now', wake));
          $('gone').hidden = false;
        }
        function serverBack() {
          if (goneSince === null) return;
          goneSince = null;
          $('gone').hidden = true;
          say('The server answers again.');
          wake();
          refresh();
        }

        function setLive(text, kind, title) {
          $('live').textContent = text;
          $('live').className = 'pill ' + kind;
          $('live').title = title;
        }

        let isPolling = false;
        async function pollStatus() {
          if (isPolling) return true;
          isPolling = true;
          try {
            const next = await get(isStatusDenied ? '/live' : '/v1/status');
            if (!isStatusDenied) takeStatus(next);
          } catch (error) {
            if (error.status === 403 && !isStatusDenied) { isStatusDenied = true; status = null; view.onStatus?.(); }
            return !(error instanceof Gone);
          } finally {
            isPolling = false;
          }
          return true;
        }

        function takeStatus(next) {
          if (next.time) clockOffset = Date.parse(next.time) - Date.now();
          const n = next.withdrawals?.confirmed || 0, last = samples[samples.length - 1];
          if (last && n < last.n) samples = [];
          samples.push({ t: Date.now(), n });
          samples = samples.filter((sample) => sample.t > Date.now() - 330000);
          status = next;
          version = version || next.version;
          $('version').textContent = 'Coffer ' + next.version + (next.version === version ? '' : ' (newer: reload this page)');
          $('sealed').hidden = !next.sealed;
          const frozen = (next.lanes || []).filter((lane) => lane.frozen_reason).length;
          const link = document.querySelector('#nav a[href="#/lanes"]');
          if (link) link.textContent = frozen ? 'Lanes (' + frozen + ' frozen)' : 'Lanes';
          if (link) link.className = frozen ? 'bad' : '';
          view.onStatus?.();
        }

        async function watchStatus(mine) {
          for (let failures = 0; mine === epoch;) {
            const isBack = await pollStatus();
            failures = isBack ? 0 : failures + 1;
            await pause(isBack ? (document.hidden ? 30000 : 5000) : backoff(failures, Math.random()));
          }
        }

        // At most one run in each `milliseconds`, however often it is asked for.
        function throttled(milliseconds, act) {
          let timer = null;
          return () => { timer ??= setTimeout(() => { timer = null; act(); }, milliseconds); };
        }
        const statusSoon = throttled(2000, () => { if (key !== null && !document.hidden) pollStatus(); });
        const refreshSoon = throttled(700, () => refresh());
        // One refresh of a screen at a time, so that an older answer never replaces a newer one.
        async function refresh() {
          const mine = view;
          if (key === null || !mine.refresh) return;
          if (mine.isBusy) { mine.isAskedAgain = true; return; }
          mine.isBusy = true;
          try { await mine.refresh(); } finally { mine.isBusy = false; }
          if (mine.isAskedAgain) { mine.isAskedAgain = false; refreshSoon(); }
        }

        let stream = null;
        async function watchEvents(mine) {
          let lastID = null;
          for (let failures = 0; mine === epoch;) {
            const abort = stream = new AbortController();
            // The server says something every 15 seconds; three times that is silence.
            let watchdog;
            const stillThere = () => { clearTimeout(watchdog); watchdog = setTimeout(() => abort.abort(), 45000); };
            try {
              stillThere();
              const response = await fetch('/v1/events', {
                cache: 'no-store', credentials: 'omit', redirect: 'error', signal: abort.signal,
                headers: { Accept: 'text/event-stream', Authorization: 'Bearer ' + key,
                  ...(lastID === null ? {} : { 'Last-Event-ID': lastID }) },
              });
              if (response.status === 401 && mine === epoch) return signOut('The server does not accept this key.');
              if (response.status === 403) {
                return setLive('Every 5 s', 'warn', 'This key may not read the event stream; the page asks instead.');
              }
              if (!response.ok) throw new Error('HTTP ' + response.status);
              if (mine !== epoch) return;
              setLive('Live', 'good', 'Events arrive as they happen.');
              // What happened before this is in no event.
              refresh();
              const decoder = new TextDecoder(), reader = response.body.getReader();
              const read = eventReader((event) => { lastID = event.id || lastID; onEvent(event); });
              for (;;) {
                const { value, done } = await reader.read();
                if (done || mine !== epoch) break;
                failures = 0;
                stillThere();
                read(decoder.decode(value, { stream: true }));
              }
            } catch { } finally {
              clearTimeout(watchdog);
              abort.abort();
            }
            if (mine !== epoch) return;
            setLive('Reconnecting', 'warn', 'The event stream broke off.');
            await pause(backoff(failures++, Math.random()));
          }
        }

        function onEvent(event) {
          let data;
          try { data = JSON.parse(event.data) || {}; } catch { return; }
          if (view.onStatus || event.type === 'lane.frozen') statusSoon();
          view.onEvent?.(event.type, data);
        }

        // Part 4: signing in and out.

        function signIn(newKey) {
          signOut(null);
          key = newKey;
          store.write(newKey);
          $('nav').hidden = $('session').hidden = false;
          setLive('Connecting', '', '');
          watchStatus(epoch);
          watchEvents(epoch);
          route();
        }

        const closeDialogs = () => document.querySelectorAll('dialog').forEach((dialog) => dialog.remove());

        function signOut(reason) {
          epoch += 1;
          key = status = version = goneSince = null;
          isStatusDenied = false;
          samples = [];
          assets.clear();
          store.write(null);
          stream?.abort();
          wake();
          for (const id of ['nav', 'session', 'gone', 'sealed']) $(id).hidden = true;
          closeDialogs();
          $('version').textContent = '';
          if (reason !== null) showSignIn(reason);
        }

        function showSignIn(reason) {
          view = {};
          document.title = 'Sign in · Coffer';
          const input = el('input', { type: 'password', autocomplete: 'off', required: true,
            placeholder: 'coffer_live_…' });
          const place = el('div', { role: 'status' });
          const submit = el('button', { type: 'submit', class: 'first' }, 'Sign in');
          const form = el('form', { on: { submit: (event) => {
            event.preventDefault();
            const typed = input.value.trim();
            run(submit, place, async () => {
              if (!/^[!-~]+$/.test(typed)) throw new Error('That is no key.');
              // A key without the right to read the status is a key all the same.
              try {
                await api('GET', '/v1/status', null, typed);
              } catch (error) { if (error.status !== 403) throw error; }
              input.value = '';
              signIn(typed);
            });
          } } }, el('p', {}, field('API key', input)), el('p', {}, submit));
          $('main').replaceChildren(el('section', { class: 'panel signin' }, el('h1', { tabindex: '-1' }, 'Sign in'),
            reason ? el('p', { class: 'warn', role: 'alert' }, reason) : null, form, place,
            el('p', { class: 'muted' }, 'The key stays in this tab until you sign out or close it. Make one with ',
              el('code', {}, 'coffer apikeys create'), '.')));
          input.focus();
        }

        """#
}
