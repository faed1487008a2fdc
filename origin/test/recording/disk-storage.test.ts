import { DiskStorage } from '../../src/recording/disk-storage.js';
import { describeRecordingStorage } from './recording-storage-contract.js';

describeRecordingStorage('DiskStorage', (folder) => new DiskStorage(folder));
