import type { ExperimentResult } from './experiment.js';
import { presentGrinding } from './present-grinding.js';
import { presentInflation } from './present-inflation.js';
import { presentNetwork } from './present-network.js';
import { presentSelection } from './present-selection.js';
import type { Presentation } from './presentation.js';

/** What people see of a result: the same for text and HTML. */
export function present(result: ExperimentResult): Presentation {
  const { title, description = '' } = result.scenario;
  return { title, description, ...partsOf(result) };
}

function partsOf(result: ExperimentResult): Pick<Presentation, 'facts' | 'sections'> {
  switch (result.kind) {
    case 'selection':
      return presentSelection(result.figures, result.measured);
    case 'network':
      return presentNetwork(result.scenario, result.figures, result.measured);
    case 'inflation':
      return presentInflation(result.scenario, result.figures, result.measured);
    case 'grinding':
      return presentGrinding(result.scenario, result.figures, result.measured);
  }
}
