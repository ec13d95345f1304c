/** The report: one file that needs nothing else, readable without its script. */
import type { VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import type { Comparison } from "../record/index.js";
import { formatBytes, formatMs, formatSeeds, joinWords, plural } from "./format.js";
import { Glossary } from "./glossary.js";
import { CellsSection } from "./cellsSection.js";
import { StorySection } from "./storySection.js";
import { clockWords, runOutcome, runsOf, worst } from "./outcome.js";
import { Mark } from "./parts.js";
import { protocolName } from "./protocolLook.js";
import { ScenarioSection, scenarioId } from "./scenarioSection.js";
import { HOVER_SCRIPT } from "./script.js";
import { style } from "./style.js";
import { extentWords, headline, verdictWords } from "./words.js";

/** No request may leave the file, whatever stands in it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** The whole page. Pure: equal comparisons give equal bytes. */
export function renderReport(comparison: Comparison): string {
  return `<!doctype html>\n${renderToString(<Page comparison={comparison} />)}\n`;
}

interface Props {
  readonly comparison: Comparison;
}

function Page({ comparison }: Props): VNode {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="color-scheme" content="light dark" />
        <title>{`${comparison.title}: ${headline(comparison).badge.toLowerCase()}`}</title>
        <style dangerouslySetInnerHTML={{ __html: style() }} />
      </head>
      <body>
        <Hatch />
        <header class="top">
          <h1>{comparison.title}</h1>
          <Verdict comparison={comparison} />
          <Contents comparison={comparison} />
        </header>
        <main>
          <Extent comparison={comparison} />
          {comparison.matrix !== null && <StorySection comparison={comparison} matrix={comparison.matrix} />}
          {comparison.scenarios.map((note) => (
            <ScenarioSection key={note.name} comparison={comparison} note={note} />
          ))}
          {comparison.matrix !== null && <CellsSection comparison={comparison} matrix={comparison.matrix} />}
          <Glossary matrix={comparison.matrix} />
          <Repeat comparison={comparison} />
        </main>
        <footer>
          Synod {comparison.versions.synod}. {clockWords(comparison.runs).long}
        </footer>
        <script dangerouslySetInnerHTML={{ __html: HOVER_SCRIPT }} />
      </body>
    </html>
  );
}

/** The pattern of time without commits, used by every timeline. */
function Hatch(): VNode {
  return (
    <svg width="0" height="0" style="position:absolute" aria-hidden="true">
      <defs>
        <pattern id="gap-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="2" height="6" style="fill:var(--hatch)" />
        </pattern>
      </defs>
    </svg>
  );
}

function Verdict({ comparison }: Props): VNode {
  const { outcome, badge, lead, more } = headline(comparison);
  return (
    <div class={`verdict v-${outcome}`}>
      <p class="badge">
        <Mark verdict={outcome}>{badge}</Mark>
      </p>
      <p class="lead">{lead}</p>
      {more.length === 1 ? (
        <p>{more[0]}</p>
      ) : (
        <ul>
          {more.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Contents({ comparison }: Props): VNode {
  return (
    <nav class="toc" aria-label="Contents">
      <ol>
        <li>
          <a href="#extent">What was run</a>
        </li>
        {comparison.matrix !== null && (
          <li>
            <a href="#incident">When does the incident's story happen?</a>
          </li>
        )}
        {comparison.scenarios.map((note) => (
          <li key={note.name}>
            <a href={`#${scenarioId(note.name)}`}>{note.title}</a>{" "}
            <ScenarioMark comparison={comparison} scenario={note.name} />
          </li>
        ))}
        {comparison.matrix !== null && (
          <li>
            <a href="#cells">The incident, cell by cell</a>
          </li>
        )}
        <li>
          <a href="#glossary">What each number means</a>
        </li>
        <li>
          <a href="#repeat">How to repeat this</a>
        </li>
      </ol>
    </nav>
  );
}

function ScenarioMark({ comparison, scenario }: Props & { readonly scenario: string }): VNode | null {
  const runs = runsOf(comparison, scenario);
  return runs.length === 0 ? null : <Mark verdict={worst(runs.map(runOutcome))} />;
}

function Extent({ comparison }: Props): VNode {
  const { timing, protocols, seeds, scenarios, notes, runs } = comparison;
  return (
    <section id="extent">
      <h2>What was run</h2>
      <p class="about">{extentWords(comparison)}</p>
      {runs.length > 0 && <p>{verdictWords(runs)}</p>}
      <dl class="facts">
        <dt>Protocols</dt>
        <dd>{protocols.length === 0 ? "none" : joinWords(protocols.map(protocolName))}</dd>
        <dt>Scenarios</dt>
        <dd>
          {scenarios.length === 0
            ? "none"
            : scenarios.map((s, i) => (
                <span key={s.name}>
                  {i > 0 && ", "}
                  <a href={`#${scenarioId(s.name)}`}>{s.name}</a>
                </span>
              ))}
        </dd>
        <dt>Seeds</dt>
        <dd>{formatSeeds(seeds)}</dd>
        <dt>
          <a href="#term-timing">Timing profile</a>
        </dt>
        <dd>{timing}</dd>
        <dt>Clock</dt>
        <dd>
          {clockWords(runs).long} (<a href="#term-virtual">what that means</a>)
        </dd>
      </dl>
      {notes.length > 0 && (
        <>
          <h3>Read this with it</h3>
          <ul>
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Repeat({ comparison }: Props): VNode {
  const { versions, machine, command, madeAt, wallMs, runs } = comparison;
  return (
    <section id="repeat">
      <h2>How to repeat this</h2>
      <p>The whole comparison, from the project's folder:</p>
      <pre>{command}</pre>
      <p>
        A single run: open “Every run” under its scenario and copy its command. The same version and seed give the same
        trace hash on every machine; that is how to tell that a run was repeated and not only resembled.
      </p>
      <dl class="facts">
        <dt>Synod</dt>
        <dd>
          {versions.synod}
          {versions.commit !== null && (
            <>
              , commit <code>{versions.commit}</code>
            </>
          )}
        </dd>
        <dt>Node.js</dt>
        <dd>{versions.node}</dd>
        <dt>Machine</dt>
        <dd>
          {machine.cpu}, {plural(machine.cores, "core")}, {formatBytes(machine.memoryBytes)}, {machine.platform}
        </dd>
        <dt>Made</dt>
        <dd>
          {madeAt}; {plural(runs.length, "run")} in {formatMs(wallMs)} of real time on that machine
        </dd>
      </dl>
    </section>
  );
}
