import { browserSuite } from './browser/suite.js';
import { catalogueSuite } from './catalogue/suite.js';
import { ingestSuite } from './ingest/suite.js';
import { meshSuite } from './mesh/suite.js';
import { originSuite } from './origin/suite.js';
import { simSuite } from './sim/suite.js';
import type { Suite } from './suite.js';
import { trackerSuite } from './tracker/suite.js';

/** Every suite there is; a new one is a folder and a line here. */
export const SUITES: readonly Suite[] = [browserSuite, meshSuite, simSuite, trackerSuite, originSuite, ingestSuite, catalogueSuite];
