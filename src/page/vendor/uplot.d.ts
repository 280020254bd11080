// Types of uPlot, whose file is copied here.
import uPlot from 'uplot';

// eslint-disable-next-line import/no-default-export -- as the library exports it
export default uPlot;
