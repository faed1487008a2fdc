export { browserReportSchema, type BrowserReport } from './browser/report.js';
