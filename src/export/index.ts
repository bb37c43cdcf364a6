export { KymographError } from '../errors.js'
export {
  EXPORT_FORMATS,
  EXPORT_LAYOUTS,
  type ExportFormat,
  type ExportLayout,
  type ExportOptions,
  exportFrames,
} from './frames-export.js'
