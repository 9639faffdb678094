export { CONSENSUS_NAMES, type ConsensusChoice, consensusNamed } from './consensus-choice.js';
export { createNodes, type DevNode, type DevNodes, type NodeNetOptions } from './dev-nodes.js';
export { type DevProcess, type ProcessOptions, startProcess } from './dev-process.js';
export { DevnetError, type DevnetErrorInfo } from './errors.js';
export { type LocalNet, startLocalNet } from './local-net.js';
export type { NetworkFile } from './network-file.js';
export { DEV_FOLDER, PROGRAMS } from './programs.js';
export { runTool, type ToolResult } from './run-tool.js';
export { playStory, type StoryCast, type Teller } from './story.js';
