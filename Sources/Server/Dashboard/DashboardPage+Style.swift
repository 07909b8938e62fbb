extension DashboardPage {
    /// The page's style; to be sent as `text/css; charset=utf-8`.
    ///
    /// Colours are variables with one set for light and one for dark surroundings. Every text colour has a contrast of at
    /// least 4.5:1 on both backgrounds ([WCAG 2.2, 1.4.3](https://www.w3.org/TR/WCAG22/#contrast-minimum)). Below 700
    /// pixels tables become cards.
    public static let style = #"""
        :root {
          color-scheme: light dark;
          --page: #f5f6f8; --panel: #ffffff; --line: #d5d9e0; --text: #161a20; --muted: #545d6b;
          --link: #0b50c4; --good: #14662b; --bad: #b0201a; --warn: #7a4b00; --bar: #3b74d6; --fresh: #e3edff;
          --mono: ui-monospace, Menlo, Consolas, monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0f1216; --panel: #181c22; --line: #333a45; --text: #e8ebf0; --muted: #a5aebb;
            --link: #8fb8ff; --good: #7fd99a; --bad: #ff9d95; --warn: #f0c264; --bar: #5b8fe8; --fresh: #1f2c44;
          }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body { margin: 0; background: var(--page); color: var(--text);
          font: 15px/1.45 system-ui, sans-serif;
          min-height: 100vh; display: flex; flex-direction: column; }
        a { color: var(--link); text-underline-offset: 2px; }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
        main:focus, h1:focus { outline: none; }
        .skip { position: absolute; left: -9999px; }
        .skip:focus { left: 8px; top: 8px; background: var(--panel); padding: 8px 12px; z-index: 9; }

        header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 20px; padding: 8px 20px;
          background: var(--panel); border-bottom: 1px solid var(--line); }
        .brand { font-weight: 700; font-size: 17px; color: var(--text); text-decoration: none; }
        nav { display: flex; flex-wrap: wrap; gap: 2px; }
        nav a { padding: 6px 10px; border-radius: 6px; text-decoration: none; color: var(--muted); }
        nav a:hover { color: var(--text); }
        nav a[aria-current] { color: var(--link); font-weight: 600; background: var(--page); }
        .session { margin-left: auto; display: flex; align-items: center; gap: 10px; }
        footer { margin-top: auto; padding: 14px 20px; display: flex; flex-wrap: wrap; gap: 4px 18px;
          align-items: center; color: var(--muted); font-size: 13px; }
        .banner { padding: 10px 20px; font-weight: 600; border-bottom: 1px solid; background: var(--panel); }
        .banner.bad { color: var(--bad); border-top: 4px solid; }
        .banner.warn { color: var(--warn); border-top: 4px solid; }
        .banner button { margin-left: 10px; }
        .say { position: fixed; right: 16px; bottom: 12px; margin: 0; max-width: calc(100vw - 32px); z-index: 8; }
        .say:not(:empty) { background: var(--text); color: var(--panel); padding: 8px 14px; border-radius: 8px; }

        main { width: 100%; max-width: 1320px; margin: 0 auto; padding: 16px 20px 28px; }
        h1 { font-size: 22px; margin: 4px 0 14px; overflow-wrap: anywhere; }
        h2 { font-size: 16px; margin: 0 0 10px; }
        p { margin: 0 0 10px; }
        .panel, .tile { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; min-width: 0; }
        .panel { padding: 14px 16px; margin: 0 0 16px; }
        .panel.bad { border-color: var(--bad); border-left-width: 5px; }
        .panel.good { border-color: var(--good); border-left-width: 5px; }
        .panel > :last-child { margin-bottom: 0; }
        .split { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
          gap: 0 16px; align-items: start; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
          margin: 0 0 16px; }
        .tile { padding: 12px 14px; }
        .tile .value { font-size: 22px; font-weight: 650; overflow-wrap: anywhere; }
        .tile .name, .tile .more { color: var(--muted); font-size: 13px; }
        .tile.wide { grid-column: span 2; }
        .tile svg { display: block; width: 100%; height: 34px; margin-top: 4px; }
        .bad { color: var(--bad); } .good { color: var(--good); } .warn { color: var(--warn); }
        .panel.bad, .panel.good, .panel.warn { color: var(--text); }
        .panel.bad h2 { color: var(--bad); } .panel.good h2 { color: var(--good); }
        .muted, .hint, small { color: var(--muted); }
        small { font-size: 12.5px; }
        svg rect { fill: var(--bar); }
        svg rect.track { fill: var(--line); opacity: .55; }
        svg rect.good, svg rect.bad, svg rect.warn { fill: currentColor; }

        .bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 5px 12px;
          align-items: center; }
        .bars svg { width: 100%; height: 12px; display: block; }
        .bars b { text-align: right; font-variant-numeric: tabular-nums; }
        .bars h3 { grid-column: 1 / -1; margin: 8px 0 0; font-size: 13px; color: var(--muted); font-weight: 600; }
        .bars h3:first-child { margin-top: 0; }

        table { width: 100%; border-collapse: collapse; }
        th { text-align: left; font-size: 13px; font-weight: 600; color: var(--muted); }
        th, td { padding: 7px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
        th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
        tbody tr:last-child td { border-bottom: 0; }
        td { font-variant-numeric: tabular-nums; }
        .mono, .any { overflow-wrap: anywhere; }
        .panel > div { overflow-x: auto; }
        tr.open { cursor: pointer; }
        tr.open:hover td { background: var(--page); }
        .num { text-align: right; }
        .mono, code, pre { font-family: var(--mono); font-size: 12.5px; }
        .amount b { font-weight: 600; }
        .amount small { display: block; font-family: var(--mono); font-size: 11.5px; }
        .pill { display: inline-block; padding: 1px 9px; border: 1px solid currentColor; border-radius: 99px;
          font-size: 12.5px; white-space: nowrap; }
        @media (prefers-reduced-motion: no-preference) { tr.fresh td { animation: fresh 1.6s; } }
        @keyframes fresh { from { background: var(--fresh); } }

        dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 18px; margin: 0; }
        dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
        ol.line { list-style: none; margin: 0; padding: 0; }
        ol.line li { position: relative; padding: 0 0 12px 22px; border-left: 2px solid var(--line); margin-left: 6px; }
        ol.line li:last-child { border-color: transparent; padding-bottom: 0; }
        ol.line li::before { content: ""; position: absolute; left: -6px; top: 6px; width: 10px; height: 10px;
          border-radius: 50%; background: var(--bar); }
        ol.line li.good::before { background: var(--good); } ol.line li.bad::before { background: var(--bad); }
        ol.line li.warn::before { background: var(--warn); } ol.line li { color: var(--text); }
        ol.line div { overflow-wrap: anywhere; }
        pre { margin: 10px 0 0; max-height: 480px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;
          background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 10px; }
        summary { cursor: pointer; font-weight: 600; }

        button, input, select { font: inherit; color: var(--text); background: var(--panel);
          border: 1px solid var(--muted); border-radius: 6px; padding: 6px 12px; min-height: 36px; max-width: 100%; }
        button { cursor: pointer; color: var(--link); border-color: var(--line); font-weight: 600; }
        button:hover { border-color: currentColor; }
        button.first { background: var(--link); color: var(--panel); border-color: var(--link); }
        button.danger { color: var(--bad); border-color: var(--bad); }
        button.quiet, button.copy { border-color: transparent; background: none; font-weight: 400; }
        button.quiet { color: var(--muted); padding: 4px 6px; }
        button.quiet:hover, button.copy:hover { border-color: currentColor; }
        button[aria-pressed="false"] { text-decoration: line-through; }
        button.copy { padding: 0 6px; margin-left: 6px; min-height: 24px; font-size: 12.5px; }
        button[disabled] { opacity: .6; cursor: progress; }
        label { display: flex; flex-direction: column; gap: 3px; font-size: 13px; color: var(--muted); min-width: 0; }
        label.check { flex-direction: row; align-items: center; gap: 8px; }
        label.check input { min-height: 0; width: 18px; height: 18px; }
        .row { display: flex; flex-wrap: wrap; gap: 10px 14px; align-items: end; margin: 0 0 14px; }
        details .row { margin-top: 12px; }
        .signin { max-width: 480px; margin: 8vh auto; }
        .signin input { width: 100%; }
        .head { display: flex; align-items: center; justify-content: space-between; margin: 0 0 10px; }
        .head h2 { margin: 0; }
        dialog { background: var(--panel); color: var(--text); border: 1px solid var(--line); border-radius: 10px;
          padding: 18px; width: min(520px, calc(100vw - 24px)); }
        .code { display: block; width: min(320px, 100%); margin: 0 auto 12px; border-radius: 6px; }
        dialog dl { margin-bottom: 14px; }
        ::placeholder { color: var(--muted); opacity: 1; }
        dialog::backdrop { background: rgba(0, 0, 0, .55); }

        @media (max-width: 700px) {
          header, main, footer, .banner { padding-left: 12px; padding-right: 12px; }
          header { gap: 2px 10px; } nav { order: 3; width: 100%; } nav a { padding: 6px 8px; }
          .tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
          .panel { padding: 12px; }
          table, tbody, tr, td { display: block; width: 100%; }
          thead { position: absolute; left: -9999px; }
          tr { padding: 8px 0; border-bottom: 1px solid var(--line); }
          tbody tr:last-child { border-bottom: 0; }
          td, td.num, td:first-child, td:last-child { border: 0; padding: 2px 0; display: grid; gap: 8px;
            grid-template-columns: 92px minmax(0, 1fr); text-align: left; }
          td::before { content: attr(data-name); color: var(--muted); font-size: 13px; }
          dl { grid-template-columns: 1fr; gap: 0; } dd { margin: 0 0 8px; }
          .row > label { flex: 1 1 140px; } .row select, .row input:not([type="checkbox"]) { width: 100%; }
        }

        """#
}
