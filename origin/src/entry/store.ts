export { SqliteStore } from '../store/sqlite-store.js';
export { RECORDING_ORDERS, type Recording, type RecordingOrder, type RecordingQuery } from '../store/state-store.js';
