extension DocsPage {
    static let style = """
        :root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #0b6bcb; --good: #197a3e; --bad: #b3261e; }
        @media (prefers-color-scheme: dark) { :root { --accent: #6cb4ff; --good: #6fcf97; --bad: #ff8a80; } }
        * { box-sizing: border-box; }
        body { margin: 0; font: 15px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 17rem 1fr; }
        body.page { display: block; }
        nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); }
        nav a { display: block; padding: .1rem .3rem; color: inherit; text-decoration: none; font-size: .86rem;
          white-space: nowrap; overflow: hidden; text-overflow: ellipsis; border-radius: 4px; }
        nav a:hover, nav a:focus { background: var(--soft); }
        nav h2 { font-size: .75rem; text-transform: uppercase; letter-spacing: .05em; margin: 1rem 0 .2rem; opacity: .7; }
        nav input { width: 100%; }
        .brand { font-weight: 600; margin: 0 0 .5rem; }
        main { padding: 1.5rem 2rem 6rem; max-width: 64rem; min-width: 0; }
        a { color: var(--accent); }
        h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
        h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
        h3 { font-size: 1rem; margin: 0; }
        h4 { font-size: .82rem; margin: 1rem 0 .3rem; opacity: .75; }
        section.op { border: 1px solid var(--line); border-radius: 8px; margin: 1rem 0; }
        section.op > summary, details.op > summary { cursor: pointer; padding: .6rem .8rem; display: flex; gap: .6rem;
          align-items: baseline; flex-wrap: wrap; }
        details.op { border: 1px solid var(--line); border-radius: 8px; margin: .6rem 0; }
        details.op > div { padding: 0 .9rem 1rem; border-top: 1px solid var(--line); }
        .method { font: 600 .75rem ui-monospace, monospace; min-width: 3.6rem; color: var(--accent); }
        .method.post { color: var(--good); } .method.delete { color: var(--bad); }
        code, pre, textarea, .mono { font: .84rem/1.45 ui-monospace, monospace; }
        pre { background: var(--soft); padding: .6rem .8rem; border-radius: 6px; overflow: auto; margin: .3rem 0; white-space: pre-wrap;
          overflow-wrap: anywhere; }
        table { border-collapse: collapse; width: 100%; font-size: .88rem; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid var(--line); }
        td:first-child { white-space: nowrap; }
        .muted { opacity: .7; } .required { color: var(--bad); font-size: .75rem; }
        .keybar { display: flex; gap: .5rem; align-items: center; margin: 1rem 0; flex-wrap: wrap; }
        .keybar input { flex: 1; min-width: 14rem; }
        input, textarea, button, select { font: inherit; padding: .35rem .5rem; border: 1px solid var(--line); border-radius: 5px;
          background: transparent; color: inherit; }
        textarea { width: 100%; min-height: 8rem; font-family: ui-monospace, monospace; }
        button { background: var(--soft); cursor: pointer; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
        .row { display: grid; grid-template-columns: 12rem 1fr; gap: .4rem; margin: .3rem 0; align-items: center; }
        .tabs button[aria-selected=true] { border-color: var(--accent); color: var(--accent); }
        .ok { color: var(--good); } .bad { color: var(--bad); }
        dt { font-weight: 600; margin-top: .8rem; } dd { margin: 0; } .lead { font-size: 1.1rem; }
        @media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border-right: 0; } main { padding: 1rem; } }

        """
}
