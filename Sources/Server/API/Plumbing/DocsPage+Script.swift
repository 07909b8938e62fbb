extension DocsPage {
    static let script = #"""
        "use strict";
        // Builds the page from /openapi.json. Text is always set as text, never as markup.
        (function () {
          let spec, key = "";
          const $ = (id) => document.getElementById(id);
          function el(name, attributes, ...children) {
            const node = document.createElement(name);
            for (const [attribute, value] of Object.entries(attributes || {})) {
              if (attribute === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
              else if (value === true) node.setAttribute(attribute, "");
              else if (value !== undefined && value !== false) node.setAttribute(attribute, value);
            }
            for (const child of children.flat()) if (child !== undefined && child !== null) node.append(child);
            return node;
          }
          function resolve(value) {
            let steps = 0;
            while (value && value.$ref && steps++ < 16) {
              value = value.$ref.slice(2).split("/").reduce((at, part) => at && at[part.replace(/~1/g, "/").replace(/~0/g, "~")], spec);
            }
            return value || {};
          }
          const refName = (schema) => schema && schema.$ref ? schema.$ref.split("/").pop() : "";

          function typeText(schema) {
            if (!schema) return "any";
            if (schema.$ref) return refName(schema);
            if (schema.anyOf || schema.oneOf) return (schema.anyOf || schema.oneOf).map(typeText).join(" | ");
            const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type || "any";
            if (type.startsWith("array")) return typeText(schema.items) + "[]";
            return schema.format ? type + " (" + schema.format + ")" : type;
          }
          function rules(schema) {
            const out = [];
            if (schema.description) out.push(schema.description);
            if (schema.enum) out.push("One of: " + schema.enum.join(", ") + ".");
            if (schema.minLength !== undefined) out.push(schema.minLength + " to " + schema.maxLength + " characters.");
            if (schema.minimum !== undefined) out.push("From " + schema.minimum + " to " + schema.maximum + ".");
            if (schema.minItems !== undefined) out.push(schema.minItems + " to " + schema.maxItems + " elements.");
            if (schema.pattern) out.push("Pattern: " + schema.pattern);
            return out.join(" ");
          }
          function schemaTable(schema, depth) {
            const target = resolve(schema);
            if (target.type === "array" || (Array.isArray(target.type) && target.type.includes("array"))) {
              return el("div", {}, el("p", { class: "muted" }, "An array of " + typeText(target.items) + "."),
                depth < 4 ? schemaTable(target.items, depth + 1) : undefined);
            }
            if (!target.properties) {
              return el("p", {}, el("code", {}, typeText(schema)), " ", rules(target));
            }
            const required = new Set(target.required || []);
            const rows = Object.entries(target.properties).map(([name, property]) => {
              const inner = resolve(property);
              const items = inner.items ? resolve(inner.items) : undefined;
              const nested = inner.properties ? inner : items && items.properties ? items : undefined;
              return el("tr", {},
                el("td", {}, el("code", {}, name), required.has(name) ? el("span", { class: "required" }, " required") : undefined),
                el("td", {}, el("code", {}, typeText(property))),
                el("td", {}, rules(inner), nested && depth < 4
                  ? el("details", {}, el("summary", {}, "Fields"), schemaTable(nested, depth + 1)) : undefined));
            });
            return el("div", {}, target.description ? el("p", { class: "muted" }, target.description) : undefined,
              el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "Field"), el("th", {}, "Type"), el("th", {}, "Meaning"))),
                el("tbody", {}, rows)));
          }
          function sample(schema, depth) {
            const target = resolve(schema);
            if (target.example !== undefined) return target.example;
            if (target.examples && target.examples.length) return target.examples[0];
            if (target.enum) return target.enum[0];
            if (target.anyOf || target.oneOf) return sample((target.anyOf || target.oneOf)[0], depth + 1);
            const type = Array.isArray(target.type) ? target.type[0] : target.type;
            if (type === "object") {
              const out = {};
              if (depth < 5) for (const [name, property] of Object.entries(target.properties || {})) {
                if ((target.required || []).includes(name)) out[name] = sample(property, depth + 1);
              }
              return out;
            }
            if (type === "array") return depth < 5 ? [sample(target.items, depth + 1)] : [];
            if (type === "integer" || type === "number") return target.minimum || 0;
            if (type === "boolean") return true;
            if (target.format === "date-time") return "2026-01-01T00:00:00.000Z";
            return "";
          }
          function bodySample(operation) {
            const media = operation.requestBody && operation.requestBody.content["application/json"];
            if (!media) return "";
            return JSON.stringify(media.example !== undefined ? media.example : sample(media.schema, 0), null, 2);
          }

          const quoteShell = (text) => "'" + text.replace(/'/g, "'\\''") + "'";
          function samples(method, path, operation) {
            const body = bodySample(operation);
            const secured = (operation.security || []).length > 0;
            const needsKey = (operation.parameters || []).some((p) => resolve(p).name === "Idempotency-Key" && resolve(p).required);
            const url = location.origin + path;
            const curl = ["curl -sS -X " + method.toUpperCase() + " " + quoteShell(url)];
            if (secured) curl.push("-H \"Authorization: Bearer $COFFER_API_KEY\"");
            if (needsKey) curl.push("-H \"Idempotency-Key: $(uuidgen)\"");
            if (body) curl.push("-H 'Content-Type: application/json'", "-d " + quoteShell(body));
            const swift = ["var request = HTTPClientRequest(url: " + JSON.stringify(url) + ")",
              "request.method = ." + method.toUpperCase()];
            if (secured) swift.push("request.headers.add(name: \"Authorization\", value: \"Bearer \\(apiKey)\")");
            if (needsKey) swift.push("request.headers.add(name: \"Idempotency-Key\", value: intentID)");
            if (body) swift.push("request.headers.add(name: \"Content-Type\", value: \"application/json\")",
              "request.body = .bytes(ByteBuffer(string: body))");
            swift.push("let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))");
            const python = ["import json, os, urllib.request, uuid", "headers = {}"];
            if (secured) python.push("headers[\"Authorization\"] = \"Bearer \" + os.environ[\"COFFER_API_KEY\"]");
            if (needsKey) python.push("headers[\"Idempotency-Key\"] = str(uuid.uuid4())");
            if (body) python.push("headers[\"Content-Type\"] = \"application/json\"", "body = json.dumps(" + pythonText(JSON.parse(body)) + ").encode()");
            python.push("request = urllib.request.Request(" + JSON.stringify(url) + ", " + (body ? "data=body, " : "") +
              "headers=headers, method=" + JSON.stringify(method.toUpperCase()) + ")", "print(urllib.request.urlopen(request).read().decode())");
            return { curl: curl.join(" \\\n  "), Swift: swift.join("\n"), Python: python.join("\n") };
          }
          function pythonText(value) {
            return JSON.stringify(value).replace(/"(?:[^"\\]|\\.)*"|true|false|null/g,
              (token) => ({ true: "True", false: "False", null: "None" })[token] || token);
          }
          function tabs(all) {
            const output = el("pre", {}, all.curl);
            const bar = el("div", { class: "tabs", role: "tablist" }, Object.keys(all).map((name, index) =>
              el("button", { type: "button", role: "tab", "aria-selected": index === 0 ? "true" : "false", on: { click: (event) => {
                output.textContent = all[name];
                for (const button of bar.children) button.setAttribute("aria-selected", button === event.target ? "true" : "false");
              } } }, name)));
            return el("div", {}, bar, output);
          }

          function tryIt(method, path, operation) {
            const inputs = [];
            const rows = (operation.parameters || []).map(resolve).map((parameter) => {
              const isKey = parameter.name === "Idempotency-Key";
              const input = el("input", { "aria-label": parameter.name, value: isKey ? crypto.randomUUID ? crypto.randomUUID() : String(Date.now()) : "" });
              inputs.push({ parameter, input });
              return el("div", { class: "row" }, el("label", {}, el("code", {}, parameter.name), " ", el("span", { class: "muted" }, parameter.in)), input);
            });
            const text = bodySample(operation);
            const body = text ? el("textarea", { "aria-label": "Body", spellcheck: "false" }) : undefined;
            if (body) body.value = text;
            const output = el("div", { "aria-live": "polite" });
            const button = el("button", { type: "button", on: { click: send } }, "Send");
            async function send() {
              let url = path;
              const query = new URLSearchParams(), headers = {};
              for (const { parameter, input } of inputs) {
                if (!input.value) continue;
                if (parameter.in === "path") url = url.replace("{" + parameter.name + "}", encodeURIComponent(input.value));
                else if (parameter.in === "query") query.set(parameter.name, input.value);
                else headers[parameter.name] = input.value;
              }
              if (/[{}]/.test(url)) { output.replaceChildren(el("p", { class: "bad" }, "Fill in the path parameters.")); return; }
              if (key) headers.Authorization = "Bearer " + key;
              if (body) headers["Content-Type"] = "application/json";
              button.disabled = true;
              try {
                const start = performance.now();
                const answer = await fetch(url + (query.size || [...query].length ? "?" + query : ""),
                  { method: method.toUpperCase(), headers, body: body ? body.value : undefined, credentials: "omit", redirect: "manual" });
                let content = await answer.text();
                try { content = JSON.stringify(JSON.parse(content), null, 2); } catch (notJSON) { /* shown as it is */ }
                const shown = [...answer.headers].map(([name, value]) => name + ": " + value).join("\n");
                output.replaceChildren(
                  el("p", { class: answer.ok ? "ok" : "bad" }, answer.status + " " + answer.statusText + " in " + Math.round(performance.now() - start) + " ms"),
                  el("pre", {}, shown), el("pre", {}, content));
              } catch (error) {
                output.replaceChildren(el("p", { class: "bad" }, String(error)));
              }
              button.disabled = false;
            }
            return el("details", {}, el("summary", {}, "Try it"), rows, body, el("p", {}, button), output);
          }

          function operationView(path, method, operation) {
            const parameters = (operation.parameters || []).map(resolve);
            const media = operation.requestBody && operation.requestBody.content["application/json"];
            const content = el("div", {});
            const view = el("details", { class: "op", id: operation.operationId },
              el("summary", {}, el("span", { class: "method " + method }, method.toUpperCase()), el("code", {}, path),
                el("span", { class: "muted" }, operation.summary)), content);
            let built = false;
            view.addEventListener("toggle", () => {
              if (built || !view.open) return;
              built = true;
              content.append(el("p", {}, operation.description || ""));
              if (parameters.length) content.append(el("h4", {}, "Parameters"), el("table", {}, el("tbody", {}, parameters.map((parameter) =>
                el("tr", {}, el("td", {}, el("code", {}, parameter.name), parameter.required ? el("span", { class: "required" }, " required") : undefined),
                  el("td", {}, parameter.in), el("td", {}, el("code", {}, typeText(parameter.schema))),
                  el("td", {}, (parameter.description || "") + " " + rules(Object.assign({}, resolve(parameter.schema), { description: undefined }))))))));
              if (media) content.append(el("h4", {}, "Body"), schemaTable(media.schema, 0));
              content.append(el("h4", {}, "Answers"));
              for (const [status, raw] of Object.entries(operation.responses)) {
                const answer = resolve(raw);
                const type = Object.keys(answer.content || {})[0];
                const isProblem = type === "application/problem+json";
                content.append(el("details", { open: !isProblem && status < "300" },
                  el("summary", {}, el("code", { class: status < "400" ? "ok" : "bad" }, status), " ", answer.description),
                  type && !isProblem ? schemaTable(answer.content[type].schema, 0) : isProblem ? el("p", {}, el("a", { href: "/problems" }, "Problem document")) : undefined));
              }
              content.append(el("h4", {}, "Samples"), tabs(samples(method, path, operation)), tryIt(method, path, operation));
            });
            return view;
          }

          function open(hash) {
            const target = hash.length > 1 && $(decodeURIComponent(hash.slice(1)));
            if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
          }

          async function start() {
            const main = $("main"), nav = $("nav"), filter = $("filter");
            try {
              spec = await (await fetch("/openapi.json", { credentials: "omit" })).json();
            } catch (error) {
              main.replaceChildren(el("p", { class: "bad" }, "The document cannot be read: " + error));
              return;
            }
            const keyInput = el("input", { type: "password", autocomplete: "off", placeholder: "coffer_live_…", "aria-label": "API key",
              on: { input: () => { key = keyInput.value.trim(); } } });
            main.replaceChildren(el("h1", {}, spec.info.title + " " + spec.info.version), el("p", {}, spec.info.description || ""),
              el("p", {}, el("a", { href: "/openapi.json" }, "openapi.json"), " · ", el("a", { href: "/problems" }, "Problems")),
              el("div", { class: "keybar" }, el("label", {}, "Key for Try it"), keyInput, el("span", { class: "muted" }, "kept in this page only")));
            const links = [];
            for (const tag of spec.tags || []) {
              const found = [];
              for (const [path, item] of Object.entries(spec.paths)) for (const [method, operation] of Object.entries(item)) {
                if ((operation.tags || []).includes(tag.name)) found.push([path, method, operation]);
              }
              if (!found.length) continue;
              nav.append(el("h2", {}, tag.name));
              main.append(el("h2", {}, tag.name), tag.description ? el("p", { class: "muted" }, tag.description) : "");
              for (const [path, method, operation] of found) {
                const view = operationView(path, method, operation);
                const link = el("a", { href: "#" + operation.operationId, title: path }, operation.summary);
                links.push([link, view, (path + " " + method + " " + operation.summary + " " + operation.operationId).toLowerCase()]);
                nav.append(link);
                main.append(view);
              }
            }
            main.append(el("h2", {}, "Schemas"));
            for (const [name, schema] of Object.entries((spec.components || {}).schemas || {})) {
              main.append(el("details", { class: "op", id: "schema-" + name }, el("summary", {}, el("code", {}, name)), el("div", {}, schemaTable(schema, 0))));
            }
            filter.addEventListener("input", () => {
              const wanted = filter.value.trim().toLowerCase();
              for (const [link, view, text] of links) link.hidden = view.hidden = wanted !== "" && !text.includes(wanted);
            });
            window.addEventListener("hashchange", () => open(location.hash));
            open(location.hash);
          }
          start();
        })();

        """#
}
