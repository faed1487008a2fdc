import { describe } from 'vitest';

import { WeriftSfu } from '../../src/sfu/werift-sfu.js';
import { itIsAnSfu } from './sfu-contract.js';

describe('werift', () => itIsAnSfu((nowMs) => Promise.resolve(new WeriftSfu({ nowMs }))));
